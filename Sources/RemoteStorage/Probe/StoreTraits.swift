package import ObjectStorage

/// What a place for objects gives beyond keeping them, in words for people.
package struct StoreTraits: Sendable, Equatable {
    /// What has happened to an object when it counts as stored.
    package var durability: String
    /// How it is kept from being replaced by another one.
    package var creation: String
    /// What keeps it from those who hold the key to the place.
    package var protection: String
    /// Room that is left, bytes; nil if the place does not tell.
    package var availableBytes: UInt64?
}

/// A store that knows what it gives.
package protocol StoreTraitsTelling: ObjectStore {
    /// What the store gives, as far as it can be found out now.
    func traits() throws -> StoreTraits
}

extension ResilientStore: StoreTraitsTelling {
    /// What the other store gives.
    package func traits() throws -> StoreTraits {
        guard let telling = base as? any StoreTraitsTelling else {
            return StoreTraits(durability: "unknown", creation: "unknown", protection: "unknown")
        }
        return try attempting { try telling.traits() }
    }
}

extension LocalObjectStore: StoreTraitsTelling {
    /// What a directory gives.
    package func traits() throws -> StoreTraits {
        StoreTraits(
            durability: "flushed to disk with its folder",
            creation: "in one step by the file system",
            protection: "none but the rights of files: whoever may write here may delete"
        )
    }
}

extension SFTPObjectStore: StoreTraitsTelling {
    /// What the server gives.
    package func traits() throws -> StoreTraits {
        let abilities = try abilities()
        return StoreTraits(
            durability: abilities.syncs
                ? "flushed to disk with its folder (fsync@openssh.com)"
                : "as the server does it when a file is closed; it offers no flushing",
            creation: abilities.linksWithoutReplacing
                ? "in one step by the server (hardlink@openssh.com)"
                : "by looking first: two machines at the same instant are not kept apart",
            protection: "none that the server tells of: whoever can log in may delete",
            availableBytes: abilities.availableBytes
        )
    }
}
