// Package spec holds the marketplaces' protocols as files: exchanges on the
// wire, JSON Schemas and facts, one folder per platform. README.md describes
// the formats.
//
// It reads exchange files and judges answers by them. It sends nothing: a
// runner (a dialect's tests, the conformance tester, a simulator) turns a
// [Step] into bytes with [Step.Request], sends them where it likes, and hands
// the answer to [Step.Check]. Standard library only.
//
// Read [Exchange] first, then README.md.
package spec
