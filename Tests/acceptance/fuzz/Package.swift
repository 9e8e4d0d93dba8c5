// swift-tools-version: 6.2

import PackageDescription

// A package of its own, since its compiler options must hold for every module and for nothing else. The folders below
// `Sources` are links to the modules themselves. `fuzz.sh` builds it and sets the variables.

/// A long run wants speed (up to ten times as many executions), a short one a short build (a third of the time).
let optimization = Context.environment["HOLDFAST_FUZZ_OPTIMIZE"] == nil ? ["-Onone"] : ["-O"]

/// What every module is compiled with: coverage for libFuzzer to steer by, coverage for people to read, and checks.
let instrumentation: [SwiftSetting] = [
    .unsafeFlags(["-sanitize=fuzzer,address", "-profile-generate", "-profile-coverage-mapping"] + optimization)
]

/// libFuzzer without its `main`, from the toolchain.
let fuzzerLibrary = Context.environment["HOLDFAST_FUZZER_LIBRARY"].map { ["-Xlinker", $0, "-lstdc++"] } ?? []

let package = Package(
    name: "holdfast-fuzz",
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),

        .target(name: "Cryptography", dependencies: ["COpenSSL", "CLinux"]),
        .target(name: "Chunking", dependencies: ["CZlib", "CZstd", "Cryptography"]),
        .target(name: "FileSystem", dependencies: ["CLinux"]),
        .target(name: "Threads", dependencies: ["CLinux"]),
        .target(name: "ObjectStorage", dependencies: ["FileSystem", "Cryptography"]),
        .target(name: "RemoteStorage", dependencies: ["ObjectStorage", "FileSystem", "Cryptography", "Threads"]),
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
        .target(name: "Parity", dependencies: ["CISAL", "Repository", "Records", "ObjectStorage", "Cryptography"]),
        // Of the command line only what reads text, with a stand-in for the one protocol of its library.
        .target(name: "ArgumentParser"),
        .target(
            name: "Commands",
            dependencies: [
                "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem", "ArgumentParser",
            ]
        ),

        // What the tests draw random records and trees with makes the seeds.
        .target(
            name: "TestSupport",
            dependencies: ["ObjectStorage", "FileSystem", "Cryptography"]
        ),
        .target(
            name: "RecordSamples",
            dependencies: ["Records", "Cryptography", "TestSupport"]
        ),
        .target(
            name: "ManifestSamples",
            dependencies: ["Snapshots", "Repository", "Records", "Cryptography", "TestSupport"]
        ),

        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Snapshots", "Repository", "Records", "ObjectStorage", "Cryptography", "Chunking", "FileSystem",
                "Threads", "RemoteStorage", "Parity", "Commands", "TestSupport", "RecordSamples", "ManifestSamples",
            ],
            linkerSettings: [
                // The linker that comes with Swift: Debian's default one fails on AddressSanitizer's symbols.
                .unsafeFlags(["-sanitize=address", "-profile-generate", "-use-ld=lld"] + fuzzerLibrary)
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    target.swiftSettings =
        [
            .strictMemorySafety(),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        ] + instrumentation
}
