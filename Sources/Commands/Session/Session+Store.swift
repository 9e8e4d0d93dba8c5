import FileSystem
import ObjectStorage
import RemoteStorage
import Repository

extension Session {
    /// Where the repository is.
    ///
    /// - Throws: `UsageError` if none is named, or in a way that means nothing.
    func location() throws -> StoreLocation { try location(parsing: locationText()) }

    /// Reads a location.
    ///
    /// - Throws: `UsageError` if it means nothing.
    func location(parsing text: String) throws -> StoreLocation {
        do throws(LocationError) {
            return try StoreLocation(parsing: text)
        } catch {
            throw UsageError("\(error)")
        }
    }

    /// The store at the repository's location.
    ///
    /// - Throws: `RepositoryError.noRepository` if there is nothing.
    func openStore() throws -> any ObjectStore {
        let location = try location()
        do {
            return switch location {
            case .directory(let path): try LocalObjectStore.open(at: path)
            case .sftp, .rclone, .s3: try remoteStore(location, isNew: false)
            }
        } catch let error as StorageError where error.code == .notFound || error.code == .damaged {
            // A directory that is not there, or something else in its place.
            throw RepositoryError(
                .noRepository,
                "there is no Holdfast repository at \(location); holdfast init makes one",
                cause: error
            )
        }
    }

    /// The store at the repository's location, made if need be, for a new repository.
    func createStore() throws -> any ObjectStore { try createStore(at: location()) }

    /// The store at a location, made if need be.
    func createStore(at location: StoreLocation) throws -> any ObjectStore {
        switch location {
        case .directory(let path): try LocalObjectStore.create(at: path)
        case .sftp, .rclone, .s3: try remoteStore(location, isNew: true)
        }
    }

    private func remoteStore(_ location: StoreLocation, isNew: Bool) throws -> any ObjectStore {
        var settings = RemoteSettings()
        settings.isCancelled = { Cancellation.isRequested }
        settings.stuckSeconds = options.remote.stuckRequestTimeout.seconds
        do {
            settings.options = try RemoteOptions(options.remote.option)
            let store = try RemoteStores.store(at: location, isNew: isNew, settings: settings)
            return ResilientStore(store, settings: resilience())
        } catch let error as LocationError {
            throw UsageError("\(error)")
        }
    }
}

extension Session {
    private func resilience() -> ResilienceSettings {
        let remote = options.remote
        var settings = ResilienceSettings()
        settings.retry = RetryPolicy(totalSeconds: remote.retryFor.seconds)
        settings.uploadLimit = remote.limitUpload.map { Double($0) * 1024 }
        settings.downloadLimit = remote.limitDownload.map { Double($0) * 1024 }
        settings.spoolDirectory = variables.nonEmpty("TMPDIR") ?? "/var/tmp"
        settings.isCancelled = { Cancellation.isRequested }
        let output = output
        settings.warn = { output.warning($0) }
        return settings
    }
}

extension StoreLocation {
    /// The path, if it is a directory of this machine.
    var directory: String? {
        if case .directory(let path) = self { path } else { nil }
    }
}
