// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["holdfast"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // One system module per C library, and one header of shims for calls that Swift cannot import.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        .target(name: "Cryptography", dependencies: ["COpenSSL"]),
        .target(name: "Chunking", dependencies: ["CZlib", "CZstd", "Cryptography"]),
        .target(name: "FileSystem", dependencies: ["CLinux"]),
        .target(name: "Threads", dependencies: ["CLinux"]),
        .target(name: "ObjectStorage", dependencies: ["FileSystem", "Cryptography"]),
        .target(
            name: "RemoteStorage",
            dependencies: ["ObjectStorage", "FileSystem", "Cryptography", "Threads"]
        ),
        .target(name: "Records", dependencies: ["Cryptography"]),
        .target(
            name: "Repository",
            dependencies: ["Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem", "Threads"]
        ),
        .target(
            name: "Snapshots",
            dependencies: [
                "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem", "Threads",
            ]
        ),
        .target(
            name: "Parity",
            dependencies: ["CISAL", "Repository", "Records", "ObjectStorage", "Cryptography"]
        ),
        .target(
            name: "Commands",
            dependencies: [
                "Snapshots", "Parity", "Repository", "Records", "RemoteStorage", "ObjectStorage", "Cryptography",
                "Chunking", "FileSystem", "Threads", "CSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .executableTarget(name: "holdfast", dependencies: ["Commands"]),

        .target(
            name: "TestSupport",
            dependencies: ["ObjectStorage", "FileSystem", "Cryptography"],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "CryptographyTests",
            dependencies: ["Cryptography", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(name: "ChunkingTests", dependencies: ["Chunking", "Cryptography", "TestSupport"]),
        .testTarget(name: "FileSystemTests", dependencies: ["FileSystem", "TestSupport"]),
        .testTarget(name: "ObjectStorageTests", dependencies: ["ObjectStorage", "FileSystem", "TestSupport"]),
        .testTarget(
            name: "RemoteStorageTests",
            dependencies: ["RemoteStorage", "ObjectStorage", "FileSystem", "Cryptography", "Threads", "TestSupport"]
        ),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"]),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "Cryptography", "TestSupport"]),
        .testTarget(
            name: "RepositoryTests",
            dependencies: [
                "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem", "TestSupport",
            ]
        ),
        .testTarget(
            name: "SnapshotsTests",
            dependencies: [
                "Snapshots", "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem",
                "TestSupport", "Threads",
            ]
        ),
        .testTarget(
            name: "ParityTests",
            dependencies: [
                "Parity", "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "TestSupport",
            ]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Commands", "FileSystem", "ObjectStorage", "Records", "Repository", "Cryptography", "TestSupport",
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
