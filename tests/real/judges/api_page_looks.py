"""What the browser itself is asked about a page: contrast, width, names, the ring of the focus."""

# What is told aloud is written down from the start.
HEARD = r"""
window.heard = [];
addEventListener("DOMContentLoaded", () => {
    const live = document.getElementById("live");
    if (!live) return;
    const look = () => { if (live.textContent) window.heard.push(live.textContent); };
    new MutationObserver(look).observe(live, { childList: true, subtree: true,
        characterData: true });
});
"""
# Whether what has the focus is seen to have it, and is what is looked for. Headings and the whole
# page are given the focus by the page, and are no stops of Tab.
RING = r"""(selector) => {
    const one = document.activeElement;
    const style = getComputedStyle(one);
    const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const what = `${one.localName} ${(one.id || one.textContent).slice(0, 40)}`;
    const isOurs = one !== document.body && one.tabIndex >= 0;
    return { there: one.matches(selector), ring: isRinged || !isOurs, what };
}"""
# What is wrong with the looks of what is on the screen.
LOOKS = r"""() => {
    const found = new Set();
    const top = document.querySelector("dialog[open]") ?? document.body;
    const parsed = (text) => {
        const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const over = (a, b) => ({
        r: a.r * a.a + b.r * (1 - a.a), g: a.g * a.a + b.g * (1 - a.a),
        b: a.b * a.a + b.b * (1 - a.a), a: 1,
    });
    const ground = (node) => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) {
            layers.push(parsed(getComputedStyle(at).backgroundColor));
            if (layers.at(-1).a === 1) break;
        }
        const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
        const last = isDark ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
        return layers.reduceRight((below, layer) => over(layer, below), last);
    };
    const light = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((it) => it / 255)
            .map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (a, b) => {
        const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const said = (node, text, color) => {
        const below = ground(node);
        const is = ratio(over(parsed(color), below), below);
        if (is < 4.5) found.add(`a contrast of ${is.toFixed(2)} in ${JSON.stringify(text)}`);
    };
    const isSeen = (node) => node.checkVisibility({ visibilityProperty: true })
        && !node.closest(".unseen") && node.getClientRects().length > 0;
    const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
    let looked = 0;
    while (texts.nextNode()) {
        const text = texts.currentNode.data.trim();
        const node = texts.currentNode.parentElement;
        if (!text || !isSeen(node) || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) {
            continue;
        }
        looked += 1;
        said(node, text.slice(0, 40), getComputedStyle(node).color);
    }
    for (const one of top.querySelectorAll("input")) {
        if (!isSeen(one)) continue;
        if (one.placeholder) {
            said(one, one.placeholder, getComputedStyle(one, "::placeholder").color);
        }
        if (one.value && !["radio", "checkbox"].includes(one.type)) {
            said(one, one.type, getComputedStyle(one).color);
        }
    }
    if (looked < 5) found.add(`only ${looked} texts`);
    const wide = document.scrollingElement.scrollWidth;
    if (wide > innerWidth) found.add(`${wide - innerWidth} pixels to the side`);
    for (const one of top.querySelectorAll("a, button, input, p, h1, h2, dd, .card")) {
        const { right, width } = one.getBoundingClientRect();
        if (isSeen(one) && width > 0 && right > innerWidth + 1) {
            found.add(`${one.localName} ${one.textContent.slice(0, 30)} lies beyond the side`);
        }
    }
    const ids = [...document.querySelectorAll("[id]")].map((it) => it.id);
    const twice = ids.filter((it, at) => ids.indexOf(it) !== at);
    if (twice.length > 0) found.add(`the ids ${twice.join(", ")} stand there twice`);
    for (const one of document.querySelectorAll("[aria-describedby], [aria-labelledby], [for]")) {
        for (const name of ["aria-describedby", "aria-labelledby", "for"]) {
            for (const id of (one.getAttribute(name) ?? "").split(" ").filter(Boolean)) {
                if (!document.getElementById(id)) found.add(`${name} names no element: ${id}`);
            }
        }
    }
    if (document.querySelectorAll("h1").length !== 1) found.add("not one heading of the page");
    if (document.documentElement.lang !== "en") found.add("no language");
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isCalm && document.getAnimations().length > 0) found.add("it moves all the same");
    return [...found];
}"""
