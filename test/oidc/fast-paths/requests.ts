import type { TestClient } from '../../security/attacker.ts'
import type { createRandom } from './both-ways.ts'

// What the requests of these tests are made of: some as every client sends them, some odd in one way or another.

export type Random = ReturnType<typeof createRandom>

export const form = 'application/x-www-form-urlencoded'
export const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Every character percent-encoded. */
const percent = (text: string): string =>
  [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')

/**
 * Headers and parameters that show who asks, most of them in order.
 * @param other whose id is shown beside
 */
export function credentialsOf(caller: TestClient, other: TestClient, random: Random) {
  const id = random.once(25) ? random.pick(['', 'unknown', `${caller.client_id}x`, 'a:b']) : caller.client_id
  const right = caller.client_secret ?? ''
  const secret = random.once(12) ? random.pick(['', 'wrong', `${right}x`, right.slice(1), '%zz', 'ü']) : right
  const encoded = base64(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)
  const ways: [headers: Record<string, string>, body: [string, string][]][] = [
    [{ authorization: `Basic ${encoded}` }, []],
    [
      {},
      [
        ['client_id', id],
        ['client_secret', secret],
      ],
    ],
  ]
  if (!random.once(6)) return random.pick(ways)
  const odd: typeof ways = [
    [{ authorization: `basic ${encoded}` }, [['client_id', id]]],
    [{ authorization: `Basic  ${encoded}` }, []],
    [{ authorization: `Basic ${encoded.replace(/=+$/, '')}` }, []],
    [{ authorization: `Basic ${encoded}=` }, []],
    [{ authorization: `Basic ${base64(`${id}:${secret}`)}` }, []],
    [{ authorization: `Basic ${base64(`${id}:${secret}:`)}` }, []],
    [
      {
        authorization: `Basic ${base64(`${percent(id)}:${secret}`)}`,
      },
      [],
    ],
    [{ authorization: `Basic ${base64(id)}` }, []],
    [{ authorization: `Bearer ${secret}` }, []],
    [
      { authorization: '' },
      [
        ['client_id', id],
        ['client_secret', secret],
      ],
    ],
    [
      { authorization: `Basic ${encoded}` },
      [
        ['client_id', id],
        ['client_secret', secret],
      ],
    ],
    [{ authorization: `Basic ${encoded}` }, [['client_id', other.client_id]]],
    [{ authorization: `Basic ${encoded}` }, [['client_assertion', 'a.b.c']]],
    [
      {},
      [
        ['client_id', id],
        ['client_id', id],
        ['client_secret', secret],
      ],
    ],
    [
      {},
      [
        ['client_id', id],
        ['client_secret', secret],
        ['client_secret', ''],
      ],
    ],
    [{}, [['client_id', id]]],
    [{}, []],
  ]
  return random.pick(odd)
}

export const oddHeaders: Record<string, string>[] = [
  { origin: 'https://app.example' },
  { origin: 'https://evil.example' },
  { accept: 'application/json' },
  { accept: 'application/json, text/plain, */*' },
  { accept: 'text/html' },
  { accept: 'application/token-introspection+jwt' },
  { accept: 'application/json;q=0.5, application/token-introspection+jwt' },
  { accept: 'application/json;q=0, */*' },
  { accept: '*/*;q=0.1' },
  { dpop: 'nonsense' },
  { cookie: 'latchkey_session=nonsense' },
  { 'oauth-client-attestation': 'a.b.c' },
  { 'oauth-client-attestation-pop': 'a.b.c' },
  { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
  { 'accept-encoding': 'gzip', 'accept-language': 'de' },
  { expect: '100-continue' },
]

export const types = [
  form,
  `${form}; charset=utf-8`,
  `${form};charset=UTF-8`,
  form.toUpperCase(),
  `${form}; charset=latin1`,
]
export const oddTypes = [
  'application/json',
  'text/plain',
  'nonsense',
  'multipart/form-data; boundary=x',
  `${form}; charset=nonsense`,
]
