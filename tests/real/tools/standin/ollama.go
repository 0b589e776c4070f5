// Ollama: a server that writes its key at home, and whose pulls ask the registry for a connection.
package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func ollama(arguments []string) int {
	if len(arguments) != 1 || arguments[0] != "serve" {
		fail("ollama %v is not stood in for", arguments)
	}
	models := environment("OLLAMA_MODELS", "/root/.ollama/models")
	write(filepath.Join(environment("HOME", "/root"), ".ollama/id_ed25519"), "key")
	write(filepath.Join(models, "blobs/started"), "")
	file := func(model string) string {
		name := strings.NewReplacer("/", "_", ":", "_").Replace(model)
		return filepath.Join(models, "manifests", name)
	}
	// Of a model that is there, what it can do; the tree's scripts look for one that writes text.
	show := func(model string) (int, any) {
		if _, err := os.Stat(file(model)); err != nil {
			return http.StatusNotFound, map[string]string{"error": "model '" + model + "' not found"}
		}
		return http.StatusOK, map[string][]string{"capabilities": {"completion", "tools"}}
	}
	pull := func(model string) (int, any) {
		if !answers("registry.ollama.ai:443") {
			return http.StatusInternalServerError, map[string]string{"error": "pull model manifest: no connection"}
		}
		write(file(model), "{}")
		return http.StatusOK, map[string]string{"status": "success"}
	}
	http.HandleFunc("POST /api/show", asked(show))
	http.HandleFunc("POST /api/pull", asked(pull))
	serve(environment("OLLAMA_HOST", "127.0.0.1:11434"), map[string]func() bool{"/": yes, "/api/version": yes, "/api/tags": yes})
	return untilAsked()
}

// A handler of a question that names a model.
func asked(answer func(model string) (int, any)) http.HandlerFunc {
	return func(out http.ResponseWriter, request *http.Request) {
		var question struct{ Model string }
		if err := json.NewDecoder(request.Body).Decode(&question); err != nil || question.Model == "" {
			http.Error(out, "no model is named", http.StatusBadRequest)
			return
		}
		status, said := answer(question.Model)
		text, err := json.Marshal(said)
		if err != nil {
			fail("%v", err)
		}
		out.Header().Set("Content-Type", "application/json; charset=utf-8")
		out.WriteHeader(status)
		out.Write(text)
	}
}
