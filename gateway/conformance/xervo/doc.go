// Package xervo is Xervo, formerly Modulus, as the conformance tester acts it:
// the rules of its manifest, the requests that it sends, and the checks that no
// exchange file can state. Providers know of no API of its own.
//
// Many rules are those of dia, the tool that an add-on had to pass before Xervo
// listed it; spec/xervo/facts.md tells them from the document's.
//
// Read [Platform] first.
package xervo
