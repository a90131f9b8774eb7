package all

import (
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/clevercloud"
)

// Dialects returns every dialect.
func Dialects() []platform.Dialect {
	return []platform.Dialect{
		clevercloud.Dialect{},
	}
}
