internal import FileSystem

/// An operation on a store that failed.
package struct StorageError: Error, Sendable {
    /// What kind of failure it was, for those who act on it.
    package enum Code: String, Sendable, CaseIterable {
        /// There is no such object, or no store at that place.
        case notFound
        /// An object of that name exists already; objects are never overwritten.
        case alreadyExists
        /// The store has no room left, or a quota is used up.
        case noSpace
        /// The rights of this process or member do not suffice.
        case permissionDenied
        /// An object ends before the bytes that were asked for.
        case truncated
        /// An object is longer than its reader allows.
        case tooLarge
        /// Something stands in the store that does not belong there, such as a link in the place of an object.
        case damaged
        /// The store cannot be reached now; trying again later may help.
        case unavailable
        /// A string is not the name of an object or folder.
        case invalidName
        /// Anything else; the message says what.
        case other
    }

    /// The kind of failure.
    package var code: Code

    /// What failed and why, in plain words.
    package var message: String

    /// The object it failed on, if it was one.
    package var object: ObjectName?

    /// The error below it, if there was one.
    package var cause: (any Error)?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, object: ObjectName? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.object = object
        self.cause = cause
    }
}

extension StorageError: CustomStringConvertible {
    /// The object, if there is one, and the message.
    package var description: String {
        guard let object else { return message }
        return "object \(object): \(message)"
    }
}

extension StorageError {
    /// Translates an error of the file system.
    init(_ error: SystemError, object: ObjectName? = nil) {
        let code: Code =
            if error.isNoSpace {
                .noSpace
            } else if error.isPermissionDenied {
                .permissionDenied
            } else if error.isNotFound {
                .notFound
            } else if error.isAlreadyExisting {
                .alreadyExists
            } else if error.isLinkRefused || error.isNotDirectory {
                .damaged
            } else {
                .other
            }
        self.init(code, "\(error)", object: object, cause: error)
    }
}

/// Runs a body and turns the file system's errors into a store's.
func systemErrorsTranslated<Result>(
    _ object: ObjectName?,
    _ body: () throws(SystemError) -> Result
) throws(StorageError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw StorageError(error, object: object)
    }
}
