import { expect, test } from 'vitest'
import { labelsFor } from '../../../src/admin/console/clients/form.ts'
import { FORM } from '../../../src/clients/fields/form.ts'

test('the short form calls a field that it lacks as the long one does', () => {
  expect(labelsFor(['jwks_uri', 'pkce', 'response_types', 'constructor'], FORM)).toEqual({
    pkce: 'PKCE',
    jwks_uri: 'Address of its public keys',
  })
})
