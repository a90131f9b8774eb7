// Package clevercloud is Clever Cloud as the conformance tester acts it: the
// rules of its manifest, the requests that it sends, and the checks that no
// exchange file can state. Its own API is package vendorapi.
//
// Read [Platform] first.
package clevercloud
