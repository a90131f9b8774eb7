package expr

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// urlEncodeFunc escapes a text for any part of a URL. Unlike Terraform's it
// writes a space as %20, which user names, passwords, paths and queries all
// read alike; "+" means a space in queries only.
func urlEncodeFunc() function.Function {
	return textToText("Escapes a text for use in a URL.", func(text string) (string, error) {
		return strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), nil
	})
}

func urlDecodeFunc() function.Function {
	return textToText("Reads a text that was escaped for a URL.", func(text string) (string, error) {
		plain, err := url.QueryUnescape(text)
		if err != nil {
			return "", err
		}
		return utf8Text(plain)
	})
}

func base64EncodeFunc() function.Function {
	return textToText("Encodes a text with Base64.", func(text string) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	})
}

func base64DecodeFunc() function.Function {
	return textToText("Reads a Base64 text.", func(text string) (string, error) {
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", fmt.Errorf("it is not Base64: %w", err)
		}
		return utf8Text(string(plain))
	})
}

// utf8Text refuses bytes that are no text: cty would replace them silently.
func utf8Text(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("the result is not UTF-8 text")
	}
	return s, nil
}

func sha256Func() function.Function {
	return textToText("Gives the SHA-256 of a text, in hexadecimal.", func(text string) (string, error) {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:]), nil
	})
}

func hmacSHA256Func() function.Function {
	return function.New(&function.Spec{
		Description:  "Signs a text with a key: HMAC-SHA-256, in hexadecimal.",
		Params:       []function.Parameter{{Name: "key", Type: cty.String}, {Name: "text", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			mac := hmac.New(sha256.New, []byte(args[0].AsString()))
			mac.Write([]byte(args[1].AsString()))
			return cty.StringVal(hex.EncodeToString(mac.Sum(nil))), nil
		},
	})
}

// uuidV5Func makes the same UUID from the same namespace and name (RFC 9562).
func uuidV5Func() function.Function {
	return function.New(&function.Spec{
		Description:  `Makes a UUID from a namespace ("dns", "url", "oid", "x500" or a UUID) and a name.`,
		Params:       []function.Parameter{{Name: "namespace", Type: cty.String}, {Name: "name", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			space, err := namespace(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(uuid.NewSHA1(space, []byte(args[1].AsString())).String()), nil
		},
	})
}

func namespace(name string) (uuid.UUID, error) {
	switch name {
	case "dns":
		return uuid.NameSpaceDNS, nil
	case "url":
		return uuid.NameSpaceURL, nil
	case "oid":
		return uuid.NameSpaceOID, nil
	case "x500":
		return uuid.NameSpaceX500, nil
	}
	space, err := uuid.Parse(name)
	if err != nil {
		return uuid.UUID{}, errors.New(`the namespace must be "dns", "url", "oid", "x500" or a UUID`)
	}
	return space, nil
}
