internal import Glibc

/// When an existing file is replaced.
package enum OverwriteRule: String, Sendable, CaseIterable {
    /// When its content differs from that in the snapshot, which is found out by reading it.
    case always
    /// When its size or modification time differs; equal ones are trusted.
    case ifChanged
    /// When the snapshot's modification time is later than its own.
    case ifNewer
    /// Never.
    case never
}

/// What a restore takes, and how.
package struct RestoreOptions: Sendable {
    /// The path in the snapshot whose content becomes that of the target; empty for all of it.
    ///
    /// If it is no directory, it is restored into the target under its name.
    package var root: [UInt8] = []
    /// What is taken, by paths of the snapshot.
    package var selection = RestoreSelection.everything
    /// When existing files are replaced.
    package var overwrite = OverwriteRule.always
    /// Whether names that the snapshot does not have are removed from directories that are taken; what is not selected
    /// stays, and so do directories that are only parents of saved paths, and what lies on other mounts.
    package var deletesExtra = false
    /// Whether nothing is changed, only reported.
    package var isDryRun = false
    /// Whether owner and group are set at all; by default only root does.
    package var restoresOwnership = geteuid() == 0
    /// Whether owner and group are looked up by name on this system, the numbers being used for names it lacks.
    package var ownershipByName = false
    /// Whether set-user-id and set-group-id bits of files are restored.
    ///
    /// Without a choice they are where owner and group have been restored; elsewhere the program would run with the
    /// rights of whoever restores.
    package var allowsSetID: Bool?
    /// Whether devices are made; otherwise they are left out, counted as skipped.
    package var allowsDevices = true
    /// Which extended attributes are restored, by name; ACLs and capabilities are among them.
    package var attributeFilter: @Sendable (_ name: [UInt8]) -> Bool = { _ in true }
    /// Whether everything is read back at the end and compared with the snapshot.
    package var verifiesAfter = false
    /// Whether files are flushed to disk before they get their names, and everything before success is reported.
    package var isDurable = true
    /// How many threads write files; one per processor if absent.
    package var workers: Int?

    /// The defaults.
    package init() {}
}
