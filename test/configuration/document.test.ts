import { describe, expect, test } from 'vitest'
import { completeRegistration, USUAL_RULES } from '../../src/clients/metadata.ts'
import { completeResource } from '../../src/clients/resources/resource.ts'
import { parseConfiguration } from '../../src/configuration/document.ts'
import type { ConfigurationDependencies } from '../../src/configuration/ports.ts'
import { ConfigurationError } from '../../src/configuration/problems.ts'
import { kinds } from '../../src/federation/connectors/kinds.ts'
import { completeProvider } from '../../src/federation/providers/input.ts'

const services = {
  settings: { planned: () => USUAL_RULES },
  clients: { complete: completeRegistration },
  resources: { complete: completeResource },
  providers: {
    complete: (entry: Readonly<Record<string, unknown>>, given?: { hasSecret: boolean }) =>
      completeProvider(entry, kinds, given),
  },
} as unknown as ConfigurationDependencies

const parse = (text: string) => parseConfiguration(text, services)

/** Line, path and message of every problem. */
async function problems(text: string): Promise<[number, string, string][]> {
  try {
    await parse(text)
  } catch (error) {
    if (error instanceof ConfigurationError)
      return error.problems.map(({ line, path, message }) => [line, path, message])
    throw error
  }
  return []
}

describe('a configuration file', () => {
  test('a provider needs the secret that its method needs, an issuer of one tenant, and is named by its host', async () => {
    const text = (settings: string, more = '') =>
      `version: 1\nproviders:\n  - { id: corp, kind: oidc, client_id: x, settings: { ${settings} }${more} }\n`
    const issuer = 'issuer: "https://login.example:8443/x"'
    expect(await problems(text(issuer))).toEqual([
      [3, 'providers[0].client_secret', expect.stringMatching(/^is missing: client_secret_basic needs it/)],
    ])
    expect(await problems(text(`${issuer}, auth_method: none`))).toEqual([])
    const common = 'issuer: "https://login.microsoftonline.com/common/v2.0"'
    expect(await problems(text(common, ', client_secret_env: X'))).toEqual([
      [3, 'providers[0].settings.issuer', expect.stringContaining('of your tenant')],
    ])
    const { wanted } = await parse(text(issuer, ', client_secret_env: X'))
    expect(wanted[0]?.fields.name).toBe('login.example:8443')
  })

  test('names that every object inherits are unknown where they stand, not among the settings', async () => {
    const text = `version: 1
providers:
  - id: okta
    kind: oidc
    client_id: x
    toString: x
    settings: { issuer: "https://okta.example", constructor: x }
clients:
  - key: app
    client_name: App
    redirect_uris: ["https://app.example/cb"]
    constructor: x
    __proto__: x
`
    const paths = (await problems(text)).map(([, path]) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'providers[0].toString',
        'providers[0].settings.constructor',
        'clients[0].constructor',
        'clients[0].__proto__',
      ]),
    )
  })

  test('an unknown key is told the keys that there are, at the top and in prune', async () => {
    expect(await problems('version: 1\ncolour: red\nprune: { users: true }\n')).toEqual([
      [
        2,
        'colour',
        'is not known; there are version, settings, resources, roles, groups, organizations, attributes, claims, hooks, webhooks, administrator_roles, providers, clients, texts, branding, prune',
      ],
      [
        3,
        'prune.users',
        'is not known; there are settings, resources, roles, groups, organizations, attributes, claims, hooks, webhooks, administrator_roles, providers, clients, branding, texts',
      ],
    ])
  })

  test('every problem at once, each with its line and path', async () => {
    const text = `version: 2
colour: red
resources:
  - identifier: https://api.example#x
    scope: openid
providers:
  - id: okta
    kind: oidc
    client_id: x
    client_secret: hunter2
    disabled: perhaps
    settings: { issuer: "http://okta.example" }
clients:
  - client_name: No key
    redirect_uris: ["https://app.example/cb#x"]
  - key: Web Shop
    client_name: Web
    client_id: lk_1
    scopes: openid
  - key: twice
    client_name: One
    redirect_uris: [https://app.example/cb]
  - key: twice
    client_name: Two
    client_secret: hunter2
    redirect_uris: [https://app.example/cb]
  - just text
prune: { users: true }
`
    const found = await problems(text)
    expect(found.map(([line, path]) => `${line} ${path}`)).toEqual([
      '1 version',
      '2 colour',
      '4 resources[0].identifier',
      '5 resources[0].scope',
      '10 providers[0].client_secret',
      '11 providers[0].disabled',
      '12 providers[0].settings.issuer',
      '14 clients[0]',
      '15 clients[0].redirect_uris',
      '16 clients[1].key',
      '16 clients[1].redirect_uris',
      '19 clients[1].scopes',
      '23 clients',
      '25 clients[3].client_secret',
      '27 clients[4]',
      '28 prune.users',
    ])
    expect(JSON.stringify(found)).not.toContain('hunter2')
  })

  test('a name that is there twice', async () => {
    const client = '{ key: web, client_name: A, redirect_uris: [https://app.example/cb] }'
    expect(await problems(`version: 1\nclients:\n  - ${client}\n  - ${client}\n`)).toEqual([
      [4, 'clients', 'names web twice'],
    ])
  })

  test('a mistyped field of a client: what is listed are the fields of a file', async () => {
    const client = '{ key: web, client_nam: A, client_name: A, redirect_uris: [https://app.example/cb] }'
    expect(await problems(`version: 1\nclients:\n  - ${client}\n`)).toEqual([
      [
        3,
        'clients[0].client_nam',
        expect.stringMatching(/^is not known; the fields are key, client_id, disabled, .*client_name/),
      ],
    ])
  })

  test('a section that was cut off does not delete everything', async () => {
    expect(await problems('version: 1\nprune: { clients: true }\n')).toEqual([
      [2, 'prune.clients', expect.stringMatching(/would delete all clients.*write clients: \[\]/)],
    ])
    expect(await problems('version: 1\nclients: []\nprune: { clients: true }\n')).toEqual([])
  })
})

describe('hostile YAML is refused', () => {
  const bomb = [
    'version: 1',
    'a: &a ["x", "x", "x", "x"]',
    ...Array.from(
      { length: 40 },
      (_, index) => `b${index}: &b${index} [*${index ? `b${index - 1}` : 'a'}, *a]`,
    ),
  ].join('\n')

  test.each([
    ['aliases that multiply', bomb, /anchor or alias/],
    ['an anchor alone', 'version: &v 1', /anchor or alias/],
    ['a tag', 'version: !!int 1', /has a tag/],
    ['a tag of another program', 'version: !ruby/object:Gem::Installer {}', /tag/],
    ['a key twice', 'version: 1\nversion: 1', /key that the same map has already/],
    [
      'a key twice further in',
      'version: 1\nclients:\n  - key: a\n    key: b',
      /key that the same map has already/,
    ],
    ['a key that is a list', 'version: 1\n? [a, b]\n: c', /key that is no text/],
    ['two documents', 'version: 1\n---\nversion: 1', /more than one document/],
    ['nothing', '# empty', /is empty/],
    ['ten megabytes', `version: "${'x'.repeat(10_000_000)}"`, /larger than 4 MiB/],
    ['brackets without end', '['.repeat(500_000), /nested deeper/],
    ['lists in lists', '- '.repeat(100_000), /nested deeper/],
    ['keys in keys', '? '.repeat(100_000), /nested deeper/],
    [
      'maps in maps',
      Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      /nested deeper/,
    ],
    [
      'a map of a hundred thousand fields',
      Array.from({ length: 100_000 }, (_, each) => `a${each}: 1`).join('\n'),
      /more than 200 fields/,
    ],
    [
      'the same on one line',
      `{${Array.from({ length: 100_000 }, (_, each) => `a${each}: 1`).join()}}`,
      /more than 200 fields/,
    ],
    [
      'a list of half a million',
      `version: 1\nclients:\n${'- a\n'.repeat(500_000)}`,
      /more than 20000 entries/,
    ],
    ['what is no YAML', 'version: [1\nclients: {', /is not YAML/],
    ['text', 'just text', /must be a map/],
    ['a list', '- version: 1', /must be a map/],
    ['a merge key', 'version: 1\n<<: { clients: [] }', /is not known/],
    ['a prototype', 'version: 1\n__proto__: { polluted: true }', /is not known/],
  ])('%s', async (_name, text, message) => {
    expect((await problems(text)).map(([, , each]) => each).join('\n')).toMatch(message)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})
