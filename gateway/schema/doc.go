// Package schema describes the blocks and attributes of the language once, and
// decodes HCL by that description.
//
// A table is a tree of [Block] and [Attribute]. [Decode] reads a body by it and
// reports everything that does not fit: unknown and reserved names, missing,
// repeated and null settings, labels, wrong types and secrets in the open, each
// with its range, a stable code and what to write instead. [DecodeBackend] and
// [DecodeParams] do the same for the schemas that backend plugins declare.
//
// What hcl itself finds in an expression is returned as it is, for
// diagnostic.FromHCL.
//
// It knows no particular block: the tables belong to config and to the
// dialects. It reads no files and keeps nothing. Read [Block] first, then
// [Content].
package schema
