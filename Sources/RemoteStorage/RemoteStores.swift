package import ObjectStorage

/// Opens remote stores.
package enum RemoteStores {
    /// The store at a location that is not a directory of this machine.
    ///
    /// - Parameter isNew: whether what is missing of the place is made.
    /// - Throws: `LocationError` for settings that mean nothing, `StorageError` if the store cannot be reached.
    package static func store(
        at location: StoreLocation,
        isNew: Bool,
        settings: RemoteSettings
    ) throws -> any ObjectStore {
        let options = settings.options
        let program: SFTPProgram
        switch location {
        case .sftp(let place):
            program = try .ssh(place, command: options["sftp.command"], extraArguments: options["sftp.args"])
        case .rclone(let remote):
            program = try .rclone(remote, program: options["rclone.program"], extraArguments: options["rclone.args"])
        case .s3, .directory:
            throw LocationError("\(location): this version does not reach this kind of storage")
        }
        return isNew
            ? try SFTPObjectStore.create(program, location: location.description, settings: settings)
            : try SFTPObjectStore.open(program, location: location.description, settings: settings)
    }
}
