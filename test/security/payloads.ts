/** Values that break parsers, stores, templates or headers somewhere. */
export const nastyValues: readonly string[] = [
  '\0',
  'a\0b',
  '\r\nSet-Cookie: evil=1',
  '\uFFFD',
  '\uD83D',
  '😀',
  '\u202Eevil',
  '"><script>alert(1)</script>',
  "' OR 1=1 --",
  '{{7*7}}<%= 7*7 %>',
  '__proto__',
  'constructor',
  'toString',
  '[object Object]',
  '../../../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '-1',
  '1e999',
  'NaN',
  '9'.repeat(400),
  '[]',
  '{}',
  '{"a":'.repeat(300),
  'null',
  'true',
  ' ',
  'urn:ietf:params:oauth:request_uri:',
  'http://127.0.0.1:9/',
  'file:///etc/passwd',
  'eyJhbGciOiJub25lIn0.e30.',
  'a.b.c',
  `${'a '.repeat(900)}`,
  'x'.repeat(3000),
]

/** Every parameter that some endpoint or form of this server reads. */
export const parameterNames: readonly string[] = [
  ...'client_id redirect_uri response_type response_mode scope state nonce prompt max_age display ui_locales'.split(
    ' ',
  ),
  ...'id_token_hint login_hint acr_values claims claims_locales request request_uri resource dpop_jkt'.split(
    ' ',
  ),
  ...'code_challenge code_challenge_method authorization_details registration web_message_uri'.split(' '),
  ...'grant_type code code_verifier refresh_token client_secret client_assertion client_assertion_type'.split(
    ' ',
  ),
  ...'token token_type_hint access_token post_logout_redirect_uri logout_hint xsrf logout'.split(' '),
  ...'csrf_token identifier username email password new_password current_password given_name family_name'.split(
    ' ',
  ),
  ...'decision id flow return_to as done v'.split(' '),
  ...'again ticket problem provider iss error error_description logout_token'.split(' '),
]

/** A query or form that gives every parameter the same value. */
export const everyParameter = (value: string): string =>
  parameterNames.map((name) => `${name}=${encode(value)}`).join('&')

/** Half of a surrogate pair has no encoding, and stands for itself as what a broken client would send. */
export const encode = (value: string): string =>
  value.isWellFormed() ? encodeURIComponent(value) : '%ED%A0%BD'

/** Queries and form bodies as no library writes them. */
export const nastyQueries: readonly string[] = [
  'a[]=1&a[]=2',
  'client_id[]=a&client_id[]=b&scope[x]=y',
  '__proto__[polluted]=1&constructor[prototype][polluted]=1',
  '__proto__=1&constructor=2&hasOwnProperty=3&toString=4',
  'client_id=a&client_id=b&client_id=c',
  parameterNames.map((name) => `${name}=a&${name}=b`).join('&'),
  '%',
  '%zz=%zz',
  'client_id=%FF%FE&scope=%C3%28',
  '=&=&&&=',
  '&'.repeat(2000),
  Array.from({ length: 1500 }, (_, index) => `p${index}=`).join('&'),
  'client_id',
  '?client_id=a?scope=b',
  'client_id=a;scope=b',
  '{"client_id":"a"}',
  ...['', ...nastyValues].filter((value) => value.length < 100).map(everyParameter),
]

/** Bodies with the content types they come with. */
export const nastyBodies: readonly { type: string | undefined; body: string | Buffer }[] = [
  ...nastyQueries.map((body) => ({ type: 'application/x-www-form-urlencoded', body })),
  {
    type: 'application/x-www-form-urlencoded',
    body: Buffer.from([0x61, 0x3d, 0xff, 0xfe, 0x00, 0x26, 0xc3]),
  },
  { type: 'application/x-www-form-urlencoded', body: `scope=${'s '.repeat(10_000)}` },
  { type: 'application/x-www-form-urlencoded', body: `client_id=${'x'.repeat(65_536)}` },
  { type: 'application/x-www-form-urlencoded; charset=utf-16', body: 'client_id=a' },
  { type: 'application/x-www-form-urlencoded; charset=nonsense', body: 'client_id=a' },
  { type: 'application/json', body: '{"client_id":"a","grant_type":"client_credentials"}' },
  { type: 'application/json', body: '['.repeat(20_000) },
  { type: 'application/json', body: `{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}` },
  { type: 'application/json', body: '{"__proto__":{"polluted":true}}' },
  { type: 'application/json', body: '{' },
  { type: 'application/json', body: 'null' },
  { type: 'application/json; charset=nonsense', body: '{}' },
  { type: 'text/plain', body: 'client_id=a' },
  { type: 'text/xml', body: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>' },
  {
    type: 'multipart/form-data; boundary=x',
    body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
  },
  { type: 'multipart/form-data', body: 'x' },
  { type: 'nonsense', body: 'x' },
  { type: '/;;=,', body: 'x' },
  { type: 'application/x-www-form-urlencoded, application/json', body: 'a=b' },
  { type: undefined, body: 'client_id=a' },
]

/** Headers of requests that want to be something else. */
export const nastyHeaders: readonly Record<string, string>[] = [
  { cookie: 'latchkey_session=%00; latchkey_session.sig=x; latchkey_csrf=__proto__' },
  { cookie: `latchkey_interaction=${'x'.repeat(3000)}; latchkey_resume=\u00ff` },
  { cookie: 'latchkey_pending=AAAA; latchkey_flow=e30; =; ;;;' },
  { authorization: 'Basic ' },
  { authorization: `Basic ${Buffer.from('\0:\0').toString('base64')}` },
  { authorization: `Bearer ${'x'.repeat(4000)}` },
  { authorization: 'DPoP a.b.c', dpop: 'a.b.c' },
  { dpop: 'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.' },
  { origin: 'null', referer: 'not a url', 'sec-fetch-site': 'nonsense' },
  { accept: 'nonsense', 'accept-language': '__proto__', 'user-agent': '\u00ff'.repeat(500) },
  { 'content-length': '0', 'content-encoding': 'gzip' },
  { 'x-request-id': 'evil', 'x-http-method-override': 'DELETE' },
  { expect: '100-continue' },
  { range: 'bytes=0-', 'if-none-match': '*', 'if-modified-since': 'nonsense' },
]
