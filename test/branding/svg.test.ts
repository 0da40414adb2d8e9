import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { KEPT, LOOKS } from '../../src/branding/svg/allowed.ts'
import { cleanSvg } from '../../src/branding/svg/clean.ts'
import { readSvg, type SvgElement } from '../../src/branding/svg/read.ts'

const NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
const SQUARE = '<path d="M0 0h100v100H0z" fill="#0f5c73"/>'
const svg = (inner: string, more = 'viewBox="0 0 100 100"') => `<svg ${NAMESPACES} ${more}>${inner}</svg>`
const cleaned = (text: string | Buffer) => cleanSvg(Buffer.from(text))
const textOf = (text: string): string => {
  const done = cleaned(text)
  return 'bytes' in done ? done.bytes.toString() : `refused: ${JSON.stringify(done)}`
}
const rendered = (text: string | Buffer) =>
  sharp(Buffer.from(text)).resize(256, 256, { fit: 'fill' }).ensureAlpha().raw().toBuffer()

/** As programs write them. */
const DRAWN: Record<string, string> = {
  Illustrator: `<?xml version="1.0" encoding="utf-8"?>
<!-- Generator: Adobe Illustrator 27.0.0, SVG Export Plug-In . SVG Version: 6.00 Build 0)  -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg version="1.1" id="Ebene_1" ${NAMESPACES} xmlns:i="http://ns.adobe.com/AdobeIllustrator/10.0/" x="0px" y="0px"
  width="100px" height="100px" viewBox="0 0 100 100" style="enable-background:new 0 0 100 100;" xml:space="preserve">
<style type="text/css"><![CDATA[
	/* layers */ .st0{fill:#E9C46A;} .st1,.st2{fill:none;stroke:#0F5C73;stroke-width:8;} .st2{stroke:#B3261E}
	.st3{fill:url(#SVGID_1_);}
]]></style>
<switch><foreignObject requiredExtensions="http://ns.adobe.com/AdobeIllustrator/10.0/" x="0" y="0" width="1" height="1"><i:pgfRef xlink:href="#adobe_illustrator_pgf"/></foreignObject>
<g i:extraneous="self"><rect class="st0" width="60" height="60"/><circle class="st1" cx="60" cy="60" r="30"/>
<circle class="st2" style="stroke-width:2px" cx="60" cy="60" r="12"/>
<linearGradient id="SVGID_1_" gradientUnits="userSpaceOnUse" x1="0" y1="80" x2="100" y2="80"><stop offset="0" style="stop-color:#FFFFFF"/><stop offset="1" style="stop-color:#16181D"/></linearGradient>
<rect y="84" class="st3" width="100" height="16"/></g></switch>
<i:pgf id="adobe_illustrator_pgf">eJzsvelyG0mSMP</i:pgf></svg>`,
  Inkscape: `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg width="100mm" height="100mm" viewBox="0 0 100 100" version="1.1" id="svg5" inkscape:version="1.2" sodipodi:docname="logo.svg"
  xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" ${NAMESPACES}
  xmlns:svg="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<sodipodi:namedview id="namedview7" pagecolor="#ffffff" inkscape:zoom="0.7"/><metadata><rdf:RDF/></metadata><title>Secret of the office</title>
<svg:g inkscape:groupmode="layer" id="layer1" transform="translate(10,10) rotate(12 40 40)">
<path style="fill:#0f5c73;fill-opacity:0.5;stroke:#000000;stroke-width:1.5;-inkscape-stroke:none" d="M 5,5 H 70 V 70 Z" sodipodi:nodetypes="cccc"/></svg:g></svg>`,
  Figma: `<svg width="100" height="100" fill="none" ${NAMESPACES}>
<g clip-path="url(#clip0_1_2)"><mask id="mask0" mask-type="alpha" maskUnits="userSpaceOnUse" x="0" y="0" width="100" height="100"><circle cx="50" cy="50" r="48" fill="#D9D9D9"/></mask>
<g mask="url(#mask0)"><path fill-rule="evenodd" clip-rule="evenodd" d="M0 0h100v100H0V0Zm30 30h40v40H30V30Z" fill="#6CC3DA"/><use xlink:href="#bar" transform="translate(0 20)"/><rect id="bar" width="100" height="8" fill="url( '#paint0' )"/></g></g>
<defs><radialGradient id="paint0" cx="0" cy="0" r="1" gradientUnits="userSpaceOnUse" gradientTransform="translate(50 4) rotate(90) scale(40)"><stop stop-color="#fff"/><stop offset="1" stop-color="#000"/></radialGradient>
<clipPath id="clip0_1_2"><rect width="100" height="92" fill="white"/></clipPath></defs></svg>`,
  'Figma, Display P3': `<svg width="100" height="100" viewBox="0 0 100 100" fill="none" ${NAMESPACES}>
<rect width="70" height="70" fill="#808080" style="fill:#808080;fill:color(display-p3 0.502 0.502 0.502);fill-opacity:1;"/>
<linearGradient id="g"><stop stop-color="#fff" style="stop-color:#fff;stop-color:color(display-p3 1 1 1)"/><stop offset="1"/></linearGradient>
<rect y="70" width="100" height="30" fill="url(#g)" style="mix-blend-mode:normal"/></svg>`,
}

describe('an SVG that a program has drawn', () => {
  test.each(Object.entries(DRAWN))('looks the same once it is cleaned: %s', async (_program, drawn) => {
    const done = cleaned(drawn)
    if (!('bytes' in done)) throw new Error(JSON.stringify(done))
    expect([done.width, done.height]).toEqual([512, 512])
    const [before, after] = [await rendered(drawn), await rendered(done.bytes)]
    // Not by chance: there is something to see.
    expect(new Set(before).size).toBeGreaterThan(10)
    const worst = before.reduce((most, each, at) => Math.max(most, Math.abs(each - (after[at] ?? 0))), 0)
    expect(worst).toBeLessThanOrEqual(2)
    expect(done.bytes.toString()).not.toMatch(
      /style|class|inkscape|sodipodi|adobe|Secret|DOCTYPE|<!--|xml:|<\?/,
    )
  })

  test('is the same when it is cleaned once more', () => {
    for (const drawn of Object.values(DRAWN)) expect(textOf(textOf(drawn))).toBe(textOf(drawn))
  })

  test('has the sides of its own coordinates, whatever their size', () => {
    for (const [more, width, height] of [
      ['viewBox="0 0 300 100"', 512, 171],
      ['viewBox="-5,-5 10 20" width="1" height="1"', 256, 512],
      ['width="40" height="20px"', 512, 256],
      ['viewBox="0 0 0.02 0.01"', 512, 256],
    ] as const)
      expect(cleaned(svg(SQUARE, more)), more).toMatchObject({ width, height })
  })

  test('takes rules by class, element and id, the later of two, and the attribute last', () => {
    const style = '.a,.b{fill:#111111} #c{fill:#222222} path{fill:#333333} .b{fill:#444444}'
    const shapes =
      '<path id="c" class="b"/><path class="x b a"/><path/><path class="b" style="fill:#555555 !important"/>'
    expect(
      [...textOf(svg(`<style>${style}</style>${shapes}`)).matchAll(/fill="(#\d+)"/g)].map(([, fill]) => fill),
    ).toEqual(['#222222', '#444444', '#333333', '#555555'])
  })
})

test.each([
  ['filter', '<path d="M0 0h9v9z" filter="blur(2px)"/>'],
  ['filter', '<path d="M0 0h9v9z" style="filter:drop-shadow(0 0 2px #000)"/>'],
  ['mix-blend-mode', '<path d="M0 0h9v9z" style="mix-blend-mode:multiply"/>'],
  ['transform', '<style>.a{transform:rotate(9deg)}</style><path class="a" d="M0 0h9v9z"/>'],
])('what is drawn by the property %s is refused by its name: %s', (element, drawn) => {
  expect(cleaned(svg(drawn))).toEqual({ why: 'missed', element })
})

describe('what an SVG may do elsewhere stays behind', () => {
  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script in CDATA', '<script><![CDATA[alert(1)]]></script>'],
    ['a script under another prefix', '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>'],
    ['a script of HTML', '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>'],
    ['a script from a data: URL', '<script xlink:href="data:text/javascript,alert(1)"/>'],
    ['a handler', '<g onload="alert(1)" onclick="alert(1)"/>'],
    ['a handler of an SVG inside', '<svg onload="alert(1)"/>'],
    [
      'a page',
      '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></body></foreignObject>',
    ],
    [
      'a frame',
      '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(1)"/></foreignObject>',
    ],
    ['a link', '<a xlink:href="javascript:alert(1)" href="https://evil.example"><g/></a>'],
    ['an animation of a link', '<a><animate attributeName="href" values="javascript:alert(1)"/></a>'],
    ['a value that is set', '<g><set attributeName="onmouseover" to="alert(1)"/></g>'],
    ['a paint from another server', '<g fill="url(https://evil.example/#a)"/>'],
    ['a paint from a file beside it', `<g fill="url('other.svg#a')"/>`],
    [
      'a property that loads',
      '<g style="cursor:url(https://evil.example),auto;background:url(https://evil.example)"/>',
    ],
    ['a value that loads', '<g style="fill:image-set(url(https://evil.example))"/>'],
    ['a value with an escape', '<g style="fill:u\\72l(https://evil.example)"/>'],
    ['a variable', '<g fill="var(--x, url(https://evil.example))"/>'],
    ['a font from another server', '<g font-family="x;src:url(https://evil.example)"/>'],
    ['what includes', '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'],
    [
      'a handler by XML Events',
      '<ev:listener xmlns:ev="http://www.w3.org/2001/xml-events" event="load" handler="#evil"/>',
    ],
    ['a base', '<g xml:base="https://evil.example/"/>'],
    ['a comment', '<!-- evil <script> -->'],
    ['an instruction', '<?evil href="https://evil.example"?>'],
    ['what editors keep', '<metadata>evil</metadata><title>evil</title><desc>evil</desc>'],
  ])('%s', (_what, inner) => {
    const done = textOf(svg(`${inner}${SQUARE}`))
    expect(done).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /)
    expect(done).toContain('d="M0 0h100v100H0z"')
    expect(done.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /script|alert|evil|on\w+=|href|https?:|data:|animate|<set|foreign|passwd|listener|other\.svg|<[!?]/i,
    )
  })

  test('a style sheet before the root is not read, and a mark before the first tag is no hindrance', () => {
    const done = textOf(
      `\uFEFF<?xml version="1.0"?><?xml-stylesheet href="https://evil.example/x.css"?>${svg(SQUARE)}`,
    )
    expect(done).toContain('d="M0 0h100v100H0z"')
    expect(done).not.toMatch(/evil|\uFEFF/)
  })

  test('text is text', () => {
    const done = textOf(
      svg(
        '<text font-family="&quot;A B&quot;, sans-serif"><![CDATA[</text><script>alert(1)</script>]]>&amp;lt;</text>',
      ),
    )
    expect(done).toContain('>&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;</text>')
    expect(done).toContain('font-family="&quot;A B&quot;, sans-serif"')
  })
})

describe('an SVG is refused', () => {
  const group = (id: string, inner: string) => `<g id="${id}">${inner}</g>`
  const bomb = Array.from({ length: 9 }, (_, at) =>
    group(`g${at + 1}`, `<use href="#g${at}"/>`.repeat(10)),
  ).join('')
  const entities =
    '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
  test.each<[string, string | Buffer, object]>([
    ['entities in entities', `${entities}${svg(`<text>&b;</text>${SQUARE}`)}`, { why: 'damaged' }],
    ['an entity of a file', `${entities}${svg(`<text>&x;</text>${SQUARE}`)}`, { why: 'damaged' }],
    [
      'an entity that every object has',
      svg(`<text>&constructor;&toString;</text>${SQUARE}`),
      { why: 'damaged' },
    ],
    ['an entity in an attribute', `${entities}${svg(`<path fill="&a;" d="M0 0"/>`)}`, { why: 'damaged' }],
    ['UTF-16', Buffer.from(`\uFEFF${svg(SQUARE)}`, 'utf16le'), { why: 'damaged' }],
    ['Latin-1', Buffer.from(svg(`<text>caf\xe9</text>`), 'latin1'), { why: 'damaged' }],
    ['what is packed', gzipSync(svg(SQUARE)), { why: 'damaged' }],
    ['half a file', svg(SQUARE).slice(0, -10), { why: 'damaged' }],
    ['HTML', '<!doctype html><svg viewBox="0 0 1 1"><path></svg>', { why: 'damaged' }],
    ['no namespace', `<svg viewBox="0 0 9 9">${SQUARE}</svg>`, { why: 'damaged' }],
    ['an attribute twice', svg('<path d="M0 0" d="M1 1"/>'), { why: 'damaged' }],
    ['something behind the root', `${svg(SQUARE)}<script/>`, { why: 'damaged' }],
    ['nothing that is drawn', svg('<script>alert(1)</script><g/>'), { why: 'nothing' }],
    ['no size', svg(SQUARE, ''), { why: 'no_size' }],
    ['a size in percent', svg(SQUARE, 'width="100%" height="100%"'), { why: 'no_size' }],
    ['a huge view', svg(SQUARE, 'viewBox="0 0 1e12 1e12"'), { why: 'no_size' }],
    ['a view without an end', svg(SQUARE, 'viewBox="0 0 1e999 1e999"'), { why: 'no_size' }],
    ['a line of a view', svg(SQUARE, 'viewBox="0 0 100000 1"'), { why: 'no_size' }],
    ['a view of nothing', svg(SQUARE, 'viewBox="0 0 0 0"'), { why: 'no_size' }],
    [
      'a view that no number of pixels is made of',
      svg(SQUARE, 'viewBox="0 0 1e-320 1e-320"'),
      { why: 'no_size' },
    ],
    ['a view of five numbers', svg(SQUARE, 'viewBox="0 0 1 1 1"'), { why: 'no_size' }],
    [
      'a drawing of drawings of drawings',
      svg(`${group('g0', SQUARE)}${bomb}<use href="#g9"/>`),
      { why: 'too_much' },
    ],
    [
      'masks of masks',
      svg(
        Array.from(
          { length: 9 },
          (_, at) => `<mask id="m${at}">${`<path mask="url(#m${at + 1})"/>`.repeat(10)}</mask>`,
        ).join(''),
      ),
      { why: 'too_much' },
    ],
    [
      'what draws itself',
      svg(`<g id="a">${SQUARE}<use href="#b"/></g><g id="b"><use xlink:href="#a"/></g>`),
      { why: 'too_much' },
    ],
    ['ten thousand elements', svg(SQUARE.repeat(10_000)), { why: 'too_much' }],
    [
      'an element in an element in an element',
      svg('<g>'.repeat(3000) + '</g>'.repeat(3000)),
      { why: 'too_much' },
    ],
    [
      'a chain of references',
      svg(
        Array.from({ length: 4000 }, (_, at) => `<linearGradient id="a${at}" href="#a${at + 1}"/>`).join('') +
          SQUARE,
      ),
      { why: 'too_much' },
    ],
    [
      'a picture in it',
      svg(`${SQUARE}<image href="data:image/png;base64,AAAA"/>`),
      { why: 'missed', element: 'image' },
    ],
    [
      'a filter',
      svg(`${SQUARE}<filter id="f"><feImage href="https://evil.example"/></filter>`),
      { why: 'missed', element: 'filter' },
    ],
    [
      'what is drawn in another file',
      svg(`${SQUARE}<use href="https://evil.example/a.svg#b"/>`),
      { why: 'missed', element: 'use href' },
    ],
    [
      'what is drawn in a data: URL',
      svg(`${SQUARE}<use href="data:image/svg+xml,%3Csvg id='x'/%3E#x"/>`),
      { why: 'missed', element: 'use href' },
    ],
    [
      'a style sheet that loads',
      svg(`<style>@import url(https://evil.example)</style>${SQUARE}`),
      { why: 'style' },
    ],
    [
      'a style sheet for some screens',
      svg(`<style>@media (min-width: 1px){path{fill:red}}</style>${SQUARE}`),
      { why: 'style' },
    ],
    ['a style sheet of selectors', svg(`<style>path:hover{fill:red}</style>${SQUARE}`), { why: 'style' }],
    ['a style sheet with an escape', svg(`<style>path{fill:\\72 ed}</style>${SQUARE}`), { why: 'style' }],
    ['a style sheet without an end', svg(`<style>path{fill:red</style>${SQUARE}`), { why: 'style' }],
  ])('%s', (_what, file, refused) => {
    expect(cleaned(file)).toEqual(refused)
  })

  const much = 500_000
  const filled = (piece: string) => piece.repeat(Math.floor(much / piece.length))
  // What is gone through once for each of its places takes minutes to hours: the test ends, or it does not.
  test.each<[string, string]>([
    ['comments without an end', svg(`<style>${filled('/*')}</style>${SQUARE}`)],
    ['selectors of nothing', svg(`<style>${filled('a,')}{}</style>${SQUARE}`)],
    ['rules of nothing', svg(`<style>${filled('a{}')}</style>${SQUARE}`)],
    ['spaces of a style sheet', svg(`<style>a{}${filled(' ')}x${filled('\n')}</style>${SQUARE}`)],
    [
      'selectors, each with many declarations',
      svg(`<style>${'a,'.repeat(100_000)}a{${';'.repeat(300_000)}}</style>${SQUARE}`),
    ],
    [
      'as many selectors as there may be, each with many declarations',
      svg(`<style>${'a,'.repeat(990)}a{${filled('fill:red;')}}</style>${SQUARE}`),
    ],
    [
      'an attribute of style',
      svg(`<g style="${filled('fill:red;')}" class="${'a '.repeat(9000)}"/>${SQUARE}`),
    ],
    ['spaces of a paint', svg(`<g fill="url(${filled(' ')}"/>${SQUARE}`)],
    ['a paint without an end', svg(`<g fill="url(#${filled('a')}"/>${SQUARE}`)],
    ['functions in functions', svg(`<g fill="${filled('a(')}"/>${SQUARE}`)],
    ['the name of a function', svg(`<g transform="${filled('a')}("/>${SQUARE}`)],
    ['a path of one word', svg(`<path d="${filled('M')}"/>${SQUARE}`)],
    ['a point of one word', svg(`<polygon points="${filled('-')}"/>${SQUARE}`)],
    ['spaces between classes', svg(`<g class="${filled(' ')}x"/>${SQUARE}`)],
    ['a side of many digits', svg(SQUARE, `width="${filled('1')}x" height="1"`)],
    ['a side of many spaces', svg(SQUARE, `width="${filled(' ')}x" height="1"`)],
    ['a view of many digits', svg(SQUARE, `viewBox="0 0 ${filled('1')}x 1"`)],
    ['a view of many numbers', svg(SQUARE, `viewBox="${filled('1 ,')}"`)],
    [
      'many attributes',
      svg(`<g ${Array.from({ length: 40_000 }, (_, at) => `a${at}="" `).join('')}/>${SQUARE}`),
    ],
    ['many characters of XML', svg(`<text>${filled('&amp;<!---->')}</text>${SQUARE}`)],
  ])('or taken at once, with half a megabyte of what is slow to read: %s', (_what, file) => {
    expect(cleaned(file)).toBeDefined()
  })

  test('that says much of each of its elements', () => {
    const shapes = SQUARE.repeat(4000)
    const style = `<style>path{font-family:${'a'.repeat(10_000)}}</style>`
    expect(cleaned(svg(style + shapes))).toEqual({ why: 'too_much' })
    const classes = Array.from({ length: 40 }, (_, at) => `a${at}`)
    const properties = [...LOOKS].map((property) => `${property}:1`).join(';')
    const rules = classes.map((each) => `.${each}{${properties}}`).join('')
    const classed = `<title class="${classes.join(' ')}"/>`.repeat(2000)
    expect(cleaned(svg(`<style>${rules}</style>${classed}${SQUARE}`))).toEqual({ why: 'too_much' })
    expect(cleaned(svg(`<text>${'&amp;'.repeat(90_000)}</text>`))).toEqual({ why: 'too_much' })
  })

  test.each<[string, string, string]>([
    ['a long path', `<path id="p" d="M0 0${'L9 9'.repeat(20_000)}"/>`, ''],
    ['many points', `<polygon id="p" points="${'9 9 '.repeat(20_000)}"/>`, ''],
    ['a long text', `<text id="p">${'word '.repeat(400)}</text>`, ''],
    ['dashes', '<path id="p" d="M0 0H9"/>', 'stroke-dasharray="0.001"'],
    ['layers', '<path id="p" d="M0 0H9"/>', 'opacity=".5"'],
  ])('that draws %s again and again', (_what, shape, more) => {
    const drawn = (times: number) =>
      cleaned(svg(`${shape}<g id="a">${`<use href="#p" ${more}/>`.repeat(times)}</g><use href="#a"/>`))
    expect(drawn(1)).toHaveProperty('bytes')
    expect(drawn(1000)).toEqual({ why: 'too_much' })
  })
})

test('an SVG as large as a logo may be is taken when it draws everything once', () => {
  const traced = Array.from({ length: 3000 }, (_, at) => `<path d="M${at} 0${'h9v9'.repeat(20)}z"/>`).join('')
  expect(traced.length).toBeGreaterThan(250_000)
  expect(cleaned(svg(traced))).toHaveProperty('bytes')
  const dashes = '<path stroke-dasharray="none" opacity="1" d="M0 0H9"/>'
  expect(cleaned(svg(dashes.repeat(3000)))).toHaveProperty('bytes')
})

test('whatever is changed in a file, what is kept of it is on the list', () => {
  const lists = (element: SvgElement): string[] => [
    element.name,
    ...[...element.attributes].map(([name, value]) => `${name}=${value}`),
    ...element.children.flatMap((child) => (typeof child === 'string' ? [] : lists(child))),
  ]
  const evil = '<script>alert(1)</script><a href="javascript:1" onload="x"><g style="fill:url(//e.x)"/></a>'
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  let kept = 0
  for (const drawn of Object.values(DRAWN))
    for (let round = 0; round < 300; round++) {
      const at = random(drawn.length)
      const pieces = [evil, drawn.slice(at, at + random(80)), '"', '>', '<', "url('x')", ''] as const
      const text = drawn.slice(0, at) + pieces[random(pieces.length)] + drawn.slice(at + random(12))
      const done = cleaned(text)
      if (!('bytes' in done)) continue
      kept += 1
      const read = readSvg(done.bytes.toString())
      if (read === undefined) throw new Error(`not well-formed: ${done.bytes}`)
      for (const each of lists(read))
        expect(each).toMatch(/^[\w-]+$|^[\w-]+=(?!.*(?:url\((?!#[\w.:-]+\))|javascript|\/\/e\.x))/)
      for (const each of lists(read)) if (!each.includes('=')) expect(KEPT.has(each), each).toBe(true)
    }
  expect(kept).toBeGreaterThan(100)
})
