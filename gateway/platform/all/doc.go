// Package all lists the dialects that this gateway speaks. Adding a platform
// is adding a line to [Dialects]; nothing registers itself.
package all
