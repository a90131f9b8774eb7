package diagnostic

import "github.com/hashicorp/hcl/v2"

// palette puts terminal colours around words. The zero palette leaves them
// plain: colour never carries a meaning that words do not.
type palette struct{ severityCode, boldCode, frameCode string }

func newPalette(color bool, s hcl.DiagnosticSeverity) palette {
	if !color {
		return palette{}
	}
	p := palette{severityCode: "\x1b[1;31m", boldCode: "\x1b[1m", frameCode: "\x1b[34m"}
	if s == hcl.DiagWarning {
		p.severityCode = "\x1b[1;33m"
	}
	return p
}

func (p palette) severity(s string) string { return around(p.severityCode, s) }
func (p palette) bold(s string) string     { return around(p.boldCode, s) }
func (p palette) frame(s string) string    { return around(p.frameCode, s) }

func around(code, s string) string {
	if code == "" || s == "" {
		return s
	}
	return code + s + "\x1b[0m"
}
