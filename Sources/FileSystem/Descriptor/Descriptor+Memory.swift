internal import CLinux

extension Descriptor {
    /// A file in memory only, which vanishes on closing (memfd_create(2)).
    /// - Parameter name: shown by debugging tools.
    package static func anonymousMemory(named name: String) throws(SystemError) -> Descriptor {
        let result = unsafe name.withCString { unsafe clinux_memory_file($0) }
        try checked(result, "create file in memory", Array(name.utf8))
        return Descriptor(adopting: Int32(result))
    }
}
