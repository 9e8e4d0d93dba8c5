import FileSystem
import Repository

/// A small customer data store as a firm may have it; the same in every run.
final class DemoStore {
    /// The store's directory.
    let directory: Directory
    private let path: String
    private var random = DemoRandom(seed: 20_261_124)
    /// Rows of the tables customers, orders and opinions, as they should be.
    private(set) var expectedRowCounts = [1500, 6000, 900]

    /// Takes an empty directory.
    init(directory: Directory, path: String) {
        self.directory = directory
        self.path = path
    }

    /// The database's path.
    var databasePath: String { path + "/customers.sqlite" }

    /// Fills the store.
    func make() throws {
        try makeDatabase()
        let exports = try folder("exports")
        try exports.write("identity.csv", identities(1...1500))
        try exports.write("profile.json", profiles(1...400))
        try exports.write("behaviour.csv", events(day: 23, count: 12_000))
        try exports.write("opinion.json", opinions(300))
        let uploads = try folder("uploads")
        for number in 1...24 {
            try uploads.write(
                "contract-\(number).pdf",
                document(bytes: Int.random(in: 2_000...400_000, using: &random))
            )
        }
        try uploads.write("empty.txt", [])
        try uploads.makeSymbolicLink(Array("newest.pdf".utf8), target: Array("contract-24.pdf".utf8))
        try exports.setPermissions(Array("identity.csv".utf8), 0o600)
    }

    /// What one day changes.
    func change() throws {
        let database = try DemoDatabase(path: databasePath)
        try database.run("UPDATE customers SET city = 'Utrecht' WHERE id % 97 = 0")
        try database.run("DELETE FROM opinions WHERE id % 100 = 0")
        var rows: [String] = []
        for number in 6001...6120 { rows.append(order(number)) }
        try database.run("INSERT INTO orders VALUES \(rows.joined(separator: ","))")
        expectedRowCounts = [1500, 6120, 891]
        let exports = try folder("exports")
        try exports.write("behaviour-2026-11-24.csv", events(day: 24, count: 3000))
        try exports.write("opinion.json", opinions(320))
        let uploads = try folder("uploads")
        try uploads.unlink(Array("contract-7.pdf".utf8))
        try uploads.write("contract-25.pdf", document(bytes: 150_000))
        try uploads.unlink(Array("newest.pdf".utf8))
        try uploads.makeSymbolicLink(Array("newest.pdf".utf8), target: Array("contract-25.pdf".utf8))
    }

    private func folder(_ name: String) throws -> Directory {
        try directory.openOrMakeDirectory(Array(name.utf8), permissions: 0o755).directory
    }

    private func makeDatabase() throws {
        let database = try DemoDatabase(path: databasePath)
        try database.run(
            """
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mail TEXT, city TEXT, born TEXT);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, cents INTEGER, day TEXT);
            CREATE TABLE opinions (id INTEGER PRIMARY KEY, customer INTEGER, score INTEGER, remark TEXT);
            CREATE INDEX orders_by_customer ON orders (customer);
            BEGIN;
            """
        )
        try insert(database, "customers", 1500) { self.customer($0) }
        try insert(database, "orders", 6000) { self.order($0) }
        try insert(database, "opinions", 900) { self.opinion($0) }
        try database.run("COMMIT")
    }

    private func insert(
        _ database: borrowing DemoDatabase,
        _ table: String,
        _ count: Int,
        _ row: (Int) -> String
    ) throws {
        for start in stride(from: 1, through: count, by: 300) {
            let rows = (start..<min(start + 300, count + 1)).map(row).joined(separator: ",")
            try database.run("INSERT INTO \(table) VALUES \(rows)")
        }
    }
}

extension DemoStore {
    private static let names = ["Ada", "Bruno", "Chiara", "Deniz", "Elif", "Femke", "Goran", "Hanna", "Ines", "Jonas"]
    private static let surnames = ["Abel", "Bakker", "Costa", "Dahl", "Ekberg", "Fontana", "Gruber", "Horvat", "Ibsen"]
    private static let cities = ["Berlin", "Porto", "Gent", "Graz", "Lund", "Split", "Turin", "Lyon"]
    private static let pages = ["/", "/search", "/product/17", "/product/204", "/basket", "/checkout", "/help"]
    private static let remarks = ["quick delivery", "too dear", "would buy again", "box was damaged", "kind support"]

    private func customer(_ number: Int) -> String {
        let name = "\(random.pick(DemoStore.names)) \(random.pick(DemoStore.surnames))"
        let born = "19\(Int.random(in: 50...99, using: &random))-0\(Int.random(in: 1...9, using: &random))-17"
        return "(\(number),'\(name)','c\(number)@example.org','\(random.pick(DemoStore.cities))','\(born)')"
    }

    private func order(_ number: Int) -> String {
        let customer = Int.random(in: 1...1500, using: &random)
        return "(\(number),\(customer),\(Int.random(in: 199...49_900, using: &random)),'2026-11-\(10 + number % 14)')"
    }

    private func opinion(_ number: Int) -> String {
        let customer = Int.random(in: 1...1500, using: &random)
        let score = Int.random(in: 0...10, using: &random)
        return "(\(number),\(customer),\(score),'\(random.pick(DemoStore.remarks))')"
    }

    private func identities(_ range: ClosedRange<Int>) -> [UInt8] {
        var text = "customer,hashed_mail,device,first_seen\n"
        for number in range {
            let hash = String(random.next(), radix: 16)
            text += "\(number),\(hash),d\(Int.random(in: 1...9000, using: &random)),2026-0\(1 + number % 9)-11\n"
        }
        return Array(text.utf8)
    }

    private func profiles(_ range: ClosedRange<Int>) -> [UInt8] {
        let lines = range.map { number in
            "  {\"customer\": \(number), \"city\": \"\(random.pick(DemoStore.cities))\", "
                + "\"segment\": \"s\(Int.random(in: 1...6, using: &random))\", \"newsletter\": \(number % 3 == 0)}"
        }
        return Array("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8)
    }

    private func events(day: Int, count: Int) -> [UInt8] {
        var text = "time,customer,page,milliseconds\n"
        for number in 0..<count {
            let second = number * 86_400 / count
            let (hour, minute) = (Format.twoDigits(second / 3600), Format.twoDigits(second / 60 % 60))
            text += "2026-11-\(day)T\(hour):\(minute):\(Format.twoDigits(second % 60))Z,"
            text += "\(Int.random(in: 1...1500, using: &random)),\(random.pick(DemoStore.pages)),"
            text += "\(Int.random(in: 8...900, using: &random))\n"
        }
        return Array(text.utf8)
    }

    private func opinions(_ count: Int) -> [UInt8] {
        let lines = (1...count).map { number in
            "  {\"survey\": \"autumn\", \"customer\": \(Int.random(in: 1...1500, using: &random)), "
                + "\"score\": \(Int.random(in: 0...10, using: &random)), \"remark\": \"\(random.pick(DemoStore.remarks))\"}"
        }
        return Array("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8)
    }

    /// Bytes that do not compress, as in a scanned document.
    private func document(bytes count: Int) -> [UInt8] {
        var bytes = Array("%PDF-1.7\n".utf8)
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            var word = random.next()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }
}

extension Directory {
    /// Writes a file as other programs would, replacing what it held.
    fileprivate func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = try openOrCreateFile(Array(name.utf8), permissions: 0o644)
        try file.truncate(to: 0)
        try file.write(bytes)
        try file.close()
    }
}
