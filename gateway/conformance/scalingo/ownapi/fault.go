package ownapi

import (
	"net/http"

	"github.com/addongw/addongw/gateway/conformance/standin"
)

// TooMany is the answer of the real API to more than 60 calls a minute.
var TooMany = standin.Fault{
	Status: http.StatusTooManyRequests, Header: map[string]string{"Content-Type": "text/plain"}, Body: "Rate limit exceeded\n",
}
