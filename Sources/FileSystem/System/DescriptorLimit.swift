internal import CLinux

/// Raises the number of files that this process may have open as far as it may without a privilege.
/// - Returns: the limit that now holds.
@discardableResult
package func raiseDescriptorLimit() throws(SystemError) -> Int {
    try checked(clinux_raise_descriptor_limit(), "raise the limit of open files")
}
