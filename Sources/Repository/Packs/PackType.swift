/// What the chunks of a pack are.
package enum PackType: UInt8, Sendable, CaseIterable {
    /// Customer data.
    case data = 1
    /// Manifest and extent pages.
    case metadata = 2

    var purpose: ContentPurpose {
        switch self {
        case .data: .data
        case .metadata: .metadata
        }
    }
}
