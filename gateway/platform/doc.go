// Package platform says what a dialect is: one marketplace's provider API, as
// a [Dialect] that reads its block of the configuration, a [Mount] that serves
// one add-on on that marketplace, and the [Lifecycle] it may ask of the engine.
//
// It also holds the one way in which every dialect meets HTTP: [Decode] and
// [Encode] for bodies, [Credentials] for Basic authentication, [Failures] for
// handlers that return errors, and [Note] for what the request log should say.
// Statuses, field names and error bodies are each dialect's own; so are its
// routes. The listeners are package server's.
//
// What several marketplaces have in common, and others have not, is beside it:
// package rules checks blocks, package sso checks the customer's single sign-on,
// and package caller calls a platform's own API. A dialect takes of them what
// its platform's documents ask for.
//
// A new dialect begins as a folder here, with the facts and exchanges of its
// platform in package spec. Its first test calls platformtest's Run and Replay;
// a line in package all makes it known. Package clevercloud is a good one to
// look at: dialect.go, settings.go and check.go read a block, mount.go and api.go
// serve it, wire.go and errors.go have the words, signon.go and infos.go the rest.
//
// A platform that rents servers instead is a [ProviderDialect]: its blocks are
// called provider, its [Provider] asks [Servers] of the engine, and package
// nanobox is the one there is.
//
// Read [Dialect] first, then [Common], then [Failures].
package platform
