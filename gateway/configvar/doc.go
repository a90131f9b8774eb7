// Package configvar turns a config-var expression into its value ([Render])
// and proves beforehand that it can ([Check]).
//
// Before anything is served, every expression that will be evaluated for
// customers is evaluated for each platform, plan and region that it mentions,
// with the outputs of the backend as typed unknowns, and once more with
// everything null that a platform may leave out. Evaluation alone is not enough: as
// long as a condition is unknown, HCL drops what it finds in both results. So
// the names that an expression mentions and the arms of its conditionals are
// looked at one by one, too. [CheckSyntax] finds what needs no values at all,
// in the syntax tree of whole files.
//
// It builds no scopes and knows no blocks; that is config's part. No value
// ever stands in its errors. Read [Expression] first, then [Check].
package configvar
