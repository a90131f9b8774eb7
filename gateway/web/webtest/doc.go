// Package webtest drives a headless Chromium for tests of pages: what a person
// sees and does, what the console says, and what axe-core finds against WCAG.
//
// Chromium and axe-core are installed by "make setup". Where one is missing a
// test skips, and fails with CI=true.
//
// Read [Start] first.
package webtest
