package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
)

//go:embed assets/page.css
var styleSheet string

//go:embed assets/page.js
var module string

// assetsHash is in the files' addresses, so that browsers may keep them for
// good.
var assetsHash = func() string {
	sum := sha256.Sum256([]byte(styleSheet + module))
	return hex.EncodeToString(sum[:8])
}()

func serveAsset(w http.ResponseWriter, r *http.Request, hash, name string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methods(w, "GET, HEAD")
		return
	}
	files := map[string][2]string{"page.css": {"text/css", styleSheet}, "page.js": {"text/javascript", module}}
	file, ok := files[name]
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !ok || hash != assetsHash {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", file[0]+"; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write([]byte(file[1]))
}
