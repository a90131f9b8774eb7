// Package conformancetest tests the tester: a platform's checks against a
// provider that is right, and against providers that are wrong in one thing
// each. A check that cannot fail is a defect, and so is one that fails for
// another's fault.
//
// Read [Suite] first, then [Vendor]: what the wrong providers have in common.
package conformancetest
