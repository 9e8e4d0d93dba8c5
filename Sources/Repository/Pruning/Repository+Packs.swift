import Cryptography
import ObjectStorage
package import Records

/// What a pack's own header and directory say, before it is deleted.
package enum PackConfirmation {
    /// Nothing in it is needed.
    case dead
    /// A run that is not over has written it.
    case active
    /// Something in it is needed, though the index does not say so; or it cannot be read.
    case doubtful(String)
}

extension Repository {
    /// Reads a pack's own directory before the pack is deleted: neither a fragment that somebody else wrote nor a
    /// damaged cache decides alone.
    package func confirmDead(
        _ pack: PackReference,
        _ survey: PackSurvey,
        _ live: LiveChunks,
        _ board: LeaseBoard
    ) throws -> PackConfirmation {
        do {
            let header = try readPackHeader(pack).header
            if board.isActive(RunReference(member: header.member, run: header.run)) { return .active }
            let stored = try readPackDirectory(pack)
            if let entry = stored.entries.first(where: { survey.isNeeded($0.id, in: pack.name, live: live) }) {
                return .doubtful(
                    "it holds chunk \(entry.id.hex.prefix(16)), which a snapshot needs and the index does not tell of"
                )
            }
            return .dead
        } catch let error where error.isDamage {
            return .doubtful("\(error)")
        }
    }

    /// Whether this key can read a pack and may write into its domain.
    package func canRepack(_ pack: PackReference) throws -> Bool {
        do {
            _ = try writableDomain(try OpenPack(pack, repository: self).domain)
            return true
        } catch let error as RepositoryError where error.code == .notPermitted {
            return false
        } catch let error where error.isDamage {
            return false
        }
    }

    /// Whether a copy of a chunk comes out of its pack as its id says; nil if this key cannot tell.
    package func verifier(_ index: LocalIndex) throws -> (ChunkLocation) throws -> Bool? {
        let reader = try ChunkReader(repository: self, index: index)
        var buffer: [UInt8] = []
        return { location in
            do {
                _ = try reader.load(location, into: &buffer, allowBase: true)
                return true
            } catch let error as RepositoryError where error.code == .notPermitted {
                return nil
            } catch let error where error.isDamage {
                return false
            }
        }
    }
}
