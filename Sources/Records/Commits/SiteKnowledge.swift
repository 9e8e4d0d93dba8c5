/// How far a commit knows the changes of one site.
package struct SiteKnowledge: Hashable, Sendable {
    /// The site.
    package var site: SiteID
    /// The number of the site's last change that the commit includes.
    package var counter: UInt64
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(site: SiteID, counter: UInt64, unknown: UnknownFields = UnknownFields()) {
        self.site = site
        self.counter = counter
        self.unknown = unknown
    }

    /// Reads an entry that is a field of a commit.
    init(reading field: Field) throws(RecordError) {
        let what = "knowledge of a site"
        var reader = try field.reader(what: what)
        var site: SiteID?
        var counter: UInt64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: site = try field.identifier()
            case 3: counter = try field.integer()
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(site: try required(site, "site", of: what), counter: counter, unknown: unknown)
    }

    /// Writes the entry's fields.
    func write(to writer: inout FieldWriter) {
        writer.identifier(1, site)
        writer.integer(3, counter)
        writer.unknown(unknown)
    }
}
