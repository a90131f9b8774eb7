package rules

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Synchronous refuses mode = "async" on a platform that waits for answers.
func (b Block) Synchronous() hcl.Diagnostics {
	if b.Mode != "async" {
		return nil
	}
	return b.Unsupported("mode", "has no asynchronous answer", `leave it out, or write "sync"`,
		"how long a request may wait for the backend is set with deadline")
}

// IDAsUsername refuses a user name on a platform that signs in with the add-on's
// id.
func (b Block) IDAsUsername() hcl.Diagnostics {
	if b.Username == "" || b.Username == b.ID {
		return nil
	}
	return hcl.Diagnostics{b.Problem("username", b.Title+" signs in with the add-on's id", diagnostic.Info{
		Code: "AG403", Hint: "leave it out; a user name of its own is not possible there",
	})}
}

// NoLogDrain refuses a log drain on a platform whose answers have no field for
// its address.
func (b Block) NoLogDrain() hcl.Diagnostics {
	if !b.LogDrain {
		return nil
	}
	setting := "log_drain"
	if _, written := b.Ranges["log_drain_url"]; written {
		setting = "log_drain_url"
	}
	return b.Unsupported(setting, "takes no log drain", "leave it out")
}

// Euro refuses any other currency.
func (b Block) Euro() hcl.Diagnostics {
	if b.Currency == "" || b.Currency == "EUR" {
		return nil
	}
	return hcl.Diagnostics{b.Problem("currency", b.Title+" sells in EUR only", diagnostic.Info{
		Code: "AG415", Hint: `leave it out, or write "EUR"`,
	})}
}
