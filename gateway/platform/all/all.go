package all

import (
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/clevercloud"
	"github.com/addongw/addongw/gateway/platform/nanobox"
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

// Providers returns the dialects of platforms that rent servers.
func Providers() []platform.ProviderDialect {
	return []platform.ProviderDialect{nanobox.Dialect{}}
}
