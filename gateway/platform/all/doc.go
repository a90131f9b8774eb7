// Package all lists the dialects that this gateway speaks. A new one gets a line
// in [Dialects]; nothing registers itself.
package all
