// Package scalingo is Scalingo as the conformance tester acts it: the rules of
// its manifest, the requests that it sends, and the checks that no exchange
// file can state: how an order ends that was answered 202. Its own API, which
// such an end is reported to, is package ownapi.
//
// Some rules are those of Scalingo's own tester, scalingo-addon-api-tester;
// spec/scalingo/facts.md tells them from the documents'.
//
// Read [Platform] first.
package scalingo
