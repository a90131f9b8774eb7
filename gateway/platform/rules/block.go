package rules

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// Block is a platform block that is judged, with the platform's names.
type Block struct {
	platform.Common
	Label string // "clevercloud"
	Title string // "Clever Cloud"
}

// Problem makes an error at the place where the operator wrote the setting.
func (b Block) Problem(setting, summary string, info diagnostic.Info) *hcl.Diagnostic {
	return b.ProblemAt(b.Range(setting), summary, info)
}

// ProblemAt makes an error at a place.
func (b Block) ProblemAt(at hcl.Range, summary string, info diagnostic.Info) *hcl.Diagnostic {
	info.In = fmt.Sprintf("addon %q, platform %q", b.Addon, b.Label)
	return diagnostic.New(summary, at, info)
}

// Incomplete reports that the platform's manifest would lack something; the
// remedy says where to write it.
func (b Block) Incomplete(setting, summary, remedy string) *hcl.Diagnostic {
	return b.Problem(setting, summary, diagnostic.Info{Code: "AG405", Notes: []string{remedy}})
}

// Unsupported reports a setting for something that the platform does not have.
// The summary goes on where the platform's title ends: "takes no log drain".
func (b Block) Unsupported(setting, summary string, hint string, notes ...string) hcl.Diagnostics {
	return hcl.Diagnostics{b.Problem(setting, b.Title+" "+summary, diagnostic.Info{Code: "AG421", Hint: hint, Notes: notes})}
}
