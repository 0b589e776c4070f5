module go.opentelemetry.io/collector/scraper

go 1.26.5
