import CSQLite
import Repository

/// A SQLite database of customers, opened for as long as the value lives.
@safe
struct DemoDatabase: ~Copyable {
    private let handle: OpaquePointer

    /// Opens or makes a database file.
    init(path: String) throws {
        var handle: OpaquePointer?
        let status = unsafe sqlite3_open(path, &handle)
        guard status == SQLITE_OK, let handle = unsafe handle else {
            unsafe sqlite3_close(handle)
            throw RepositoryError(
                .invalidRequest,
                "the demo's database \(path) cannot be opened (SQLite error \(status))"
            )
        }
        unsafe self.handle = handle
    }

    deinit { unsafe sqlite3_close(handle) }

    /// Runs statements that give no rows.
    borrowing func run(_ sql: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        let status = unsafe sqlite3_exec(handle, sql, nil, nil, &message)
        guard status == SQLITE_OK else {
            let text = unsafe message.map { unsafe String(cString: $0) } ?? "error \(status)"
            unsafe sqlite3_free(message)
            throw RepositoryError(.integrity, "the demo's database refuses a statement: \(text)")
        }
    }

    /// The first column of the first row that a query gives, as text.
    borrowing func value(_ sql: String) throws -> String {
        var statement: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw RepositoryError(.integrity, "the demo's database refuses the query \(sql)")
        }
        defer { unsafe sqlite3_finalize(statement) }
        guard unsafe sqlite3_step(statement) == SQLITE_ROW, let text = unsafe sqlite3_column_text(statement, 0) else {
            throw RepositoryError(.integrity, "the demo's database gives no answer to \(sql)")
        }
        return unsafe String(cString: text)
    }

    /// Has SQLite verify a database file, and counts the rows of its tables.
    static func verifiedRowCounts(path: String) throws -> [(table: String, count: Int)] {
        let database = try DemoDatabase(path: path)
        let verdict = try database.value("PRAGMA integrity_check")
        guard verdict == "ok" else { throw RepositoryError(.integrity, "the restored database is damaged: \(verdict)") }
        return try ["customers", "orders", "opinions"].map { table in
            (table, Int(try database.value("SELECT count(*) FROM \(table)")) ?? -1)
        }
    }
}
