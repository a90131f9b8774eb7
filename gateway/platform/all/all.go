package all

import (
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/clevercloud"
	"github.com/addongw/addongw/gateway/platform/scalingo"
	"github.com/addongw/addongw/gateway/platform/xervo"
)

// Dialects returns every dialect.
func Dialects() []platform.Dialect {
	return []platform.Dialect{
		clevercloud.Dialect{},
		scalingo.Dialect{},
		xervo.Dialect{},
	}
}
