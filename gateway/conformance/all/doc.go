// Package all lists the platforms that the conformance tester can act. It is
// the one place that knows them all.
//
// Adding a platform is adding a line to [Platforms] or [Servers]; nothing registers itself.
package all
