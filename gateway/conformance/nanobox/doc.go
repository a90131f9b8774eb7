// Package nanobox is Nanobox's dashboard as the conformance tester acts it: what
// it asks of a provider of servers, the requests that it sends, and the checks
// that no exchange file can state.
//
// The hosted dashboard is gone and was never published; Microbox core, its
// successor, is what the strict rules come from. spec/nanobox/facts.md tells its
// rules from the document's and from ours.
//
// Read [Platform] first, then [Client].
package nanobox
