// What the programs of the tree do that its manifests can see: files that they write, ports,
// paths, peers that they need.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Writes a file as a program does at its start, and ends when it may not.
func write(path, text string) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		fail("%v", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fail("%v", err)
	}
}

func environment(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// The host and port of a URL that an environment variable holds; nothing where it is no URL of a
// server.
func peer(name, port string) string {
	place, err := url.Parse(os.Getenv(name))
	if err != nil {
		fail("%s: %v", name, err)
	}
	if place.Hostname() == "" {
		return ""
	}
	if place.Port() != "" {
		port = place.Port()
	}
	return net.JoinHostPort(place.Hostname(), port)
}

func bit(it bool) int {
	if it {
		return 1
	}
	return 0
}

// Open WebUI: writes its data and its static files, is healthy at once and ready while its
// database (and Redis) answers.
func openWebUI([]string) int {
	write(filepath.Join(environment("DATA_DIR", "/app/backend/data"), "cache/started"), "")
	write(filepath.Join(environment("STATIC_DIR", "/app/backend/open_webui/static"), "started"), "")
	ready := func() bool {
		for _, address := range []string{peer("DATABASE_URL", "5432"), peer("REDIS_URL", "6379")} {
			if address != "" && !answers(address) {
				return false
			}
		}
		return true
	}
	paths := map[string]func() bool{"/": yes, "/health": yes, "/ready": ready}
	serve(":"+environment("PORT", "8080"), paths)
	return untilAsked()
}

// Answers as Tika does, and keeps a file where Tika keeps those that it reads.
func tika([]string) int {
	write(filepath.Join(os.TempDir(), "started"), "")
	serve(":9998", map[string]func() bool{"/": yes})
	return untilAsked()
}

// An exporter: a page that says that it is there, and its metrics.
func page(port string) func([]string) int {
	return func([]string) int {
		serve(":"+port, map[string]func() bool{"/": yes, "/metrics": yes, "/probe": yes})
		return untilAsked()
	}
}

// The collector listens at the address that its configuration takes from the environment.
func collector(arguments []string) int {
	file := ""
	for _, argument := range arguments {
		file = strings.TrimPrefix(argument, "--config=")
	}
	if _, err := os.ReadFile(file); err != nil {
		fail("%v", err)
	}
	address := os.Getenv("POD_IP")
	if address == "" {
		fail("nobody says which address this pod has")
	}
	for _, port := range []string{"4317", "8888", "8889"} {
		accept(address + ":" + port)
	}
	serve(address+":13133", map[string]func() bool{"/": yes})
	return untilAsked()
}

// The operator for workspaces: it is ready where it finds the platform in the folder that it is told.
func operator(arguments []string) int {
	said := map[string]string{}
	for at := 0; at+1 < len(arguments); at++ {
		said[arguments[at]] = arguments[at+1]
	}
	found := func() bool {
		_, err := os.ReadFile(said["--platform"] + "/spec/platform.yaml")
		return err == nil
	}
	// The verb `serve` has an address for requests beside those of both verbs.
	for _, flag := range []string{"--bind-address", "--metrics-bind-address"} {
		if said[flag] != "" {
			accept(said[flag])
		}
	}
	serve(said["--health-probe-bind-address"], map[string]func() bool{"/livez": yes, "/readyz": found})
	return untilAsked()
}

// `python3 -c`: no Python is here; it waits for the database that the environment names, as every
// such script does first.
func python([]string) int {
	address := peer("DATABASE_URL", "5432")
	for try := 0; address != "" && !answers(address); try++ {
		if try == 30 {
			fail("the database did not answer within a minute")
		}
		time.Sleep(2 * time.Second)
	}
	return 0
}

// The `postgres` image's entrypoint: makes the database where there is none, then becomes the
// server.
func postgresEntry(arguments []string) int {
	folder := os.Getenv("PGDATA")
	if _, err := os.Stat(filepath.Join(folder, "PG_VERSION")); err != nil {
		if os.Getenv("POSTGRES_PASSWORD") == "" {
			fail("Database is uninitialized and superuser password is not specified.")
		}
		initialise([]string{"--pgdata=" + folder})
	}
	return postgres(arguments[1:])
}

// What a program is told by `-D FOLDER` or `--pgdata=FOLDER`, else by the environment.
func dataFolder(arguments []string) string {
	for at, argument := range arguments {
		if folder, found := strings.CutPrefix(argument, "--pgdata="); found {
			return folder
		}
		if argument == "-D" && at+1 < len(arguments) {
			return arguments[at+1]
		}
	}
	return os.Getenv("PGDATA")
}

func initialise(arguments []string) int {
	if len(arguments) == 1 && arguments[0] == "--help" {
		fmt.Println("      --locale-provider={builtin|libc|icu}")
		return 0
	}
	folder := dataFolder(arguments)
	for _, name := range []string{"PG_VERSION", "base/1/1259", "global/1262", "pg_hba.conf"} {
		write(filepath.Join(folder, name), "17\n")
	}
	return 0
}

// PostgreSQL: `--single` reads statements to their end; else it needs a data folder of its own
// user, a socket's and shared memory.
func postgres(arguments []string) int {
	folder := dataFolder(arguments)
	if _, err := os.ReadFile(filepath.Join(folder, "PG_VERSION")); err != nil {
		fail("%v", err)
	}
	var about syscall.Stat_t
	if err := syscall.Stat(folder, &about); err != nil || int(about.Uid) != os.Getuid() {
		fail("data directory \"%s\" has wrong ownership", folder)
	}
	for _, argument := range arguments {
		if argument == "--single" {
			_, err := io.Copy(io.Discard, os.Stdin)
			return bit(err != nil)
		}
	}
	write("/var/run/postgresql/.s.PGSQL.5432.lock", "")
	write("/dev/shm/PostgreSQL.1", "")
	write(filepath.Join(folder, "postmaster.pid"), strconv.Itoa(os.Getpid())+"\n")
	accept(":5432")
	return untilAsked()
}

// `pg_ctl stop`: asks the server to end, by the number that it has left in its folder.
func postgresControl(arguments []string) int {
	said, err := os.ReadFile(filepath.Join(dataFolder(arguments), "postmaster.pid"))
	if err != nil || len(arguments) == 0 || arguments[0] != "stop" {
		fail("pg_ctl %v: %v", arguments, err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(said)))
	if err != nil {
		fail("%v", err)
	}
	return bit(syscall.Kill(number, syscall.SIGINT) != nil)
}

// Redis: reads its configuration from standard input where it is told `-`.
func redis(arguments []string) int {
	if len(arguments) > 0 && arguments[0] == "-" {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
		}
	}
	accept(":6379")
	return untilAsked()
}

// A client that asks a server on this machine (or the one after `-h`) whether it is there.
func ask(arguments []string, port string, refused int, said string) int {
	host := "127.0.0.1"
	for at, argument := range arguments {
		if argument == "-h" && at+1 < len(arguments) {
			host = arguments[at+1]
		}
	}
	if !answers(net.JoinHostPort(host, port)) {
		return refused
	}
	fmt.Println(said)
	return 0
}
