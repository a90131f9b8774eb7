// Package conformance acts as a marketplace against any provider of add-ons,
// ours or somebody else's: it sends what the platform would send, judges the
// answers, and says for each rule that was broken what the platform would do.
// A platform may also rent servers from its providers: [ServerPlatform].
//
// Most checks are the exchange files of package spec. What a file cannot say
// is a [Check] in Go. Everything that only one platform has stands in a folder
// of its own, named after it, behind [Tested]; package all lists them. A
// further platform is one more folder, and its files in spec.
//
// The package knows no dialect: it must find mistakes in ours, too. It prints
// nothing; a [Report] can write itself as text, JSON or JUnit XML.
//
// Read [Tested] first, then [Run]. [Client] and [Sender] are also for whoever
// wants to make a single call.
package conformance
