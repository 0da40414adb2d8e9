import { z } from 'zod'
import type { ClientField } from '../../../clients/fields/table.ts'
import { operation } from '../operation.ts'
import { searchQuery } from '../paging.ts'
import { idParams, pageOf } from '../schemas.ts'
import { clientSchemas, rotateBody, rotatedSecret } from './schemas.ts'

const area = 'clients' as const

/** What can be done with clients, as the OpenAPI document has it. */
export function clientOperations(fields: readonly ClientField[]) {
  const { client, clientWithSecret, body, changes } = clientSchemas(fields)
  return {
    listClients: operation({
      id: 'listClients',
      area,
      needs: 'client.read',
      within: 'clients',
      summary: 'List clients',
      description: 'Newest first. `search` finds part of the name, or a client ID.',
      safe: true,
      query: searchQuery,
      answers: [200, 'A page; `Link` has the address of the next one.', pageOf(client)],
      problems: [400],
    }),
    createClient: operation({
      id: 'createClient',
      area,
      needs: 'client.create',
      summary: 'Register a client',
      description: 'The `client_id` is the server’s choice. The secret is shown this once.',
      once: true,
      body,
      answers: [201, 'Registered.', clientWithSecret],
    }),
    readClient: operation({
      id: 'readClient',
      area,
      needs: 'client.read',
      within: 'clients',
      summary: 'Read a client',
      safe: true,
      params: idParams,
      answers: [200, 'The client; `ETag` names its state.', client],
    }),
    changeClient: operation({
      id: 'changeClient',
      area,
      needs: 'client.update',
      within: 'clients',
      summary: 'Change a client',
      description: 'Takes effect with the next request. A client that begins to need a secret gets one.',
      conditional: true,
      params: idParams,
      body: changes,
      answers: [200, 'The client as it is now.', clientWithSecret],
    }),
    deleteClient: operation({
      id: 'deleteClient',
      area,
      needs: 'client.delete',
      summary: 'Delete a client',
      description: 'Ends everything that it was issued.',
      conditional: true,
      params: idParams,
      answers: [204, 'Deleted.'],
    }),
    rotateSecret: operation({
      id: 'rotateClientSecret',
      area,
      needs: 'client.rotate_secret',
      within: 'clients',
      summary: 'Issue a new secret',
      description:
        'The secret before stays valid for a while, so that a deployment can change over. A client may rotate its own.',
      once: true,
      params: idParams,
      body: rotateBody,
      answers: [201, 'The new secret.', rotatedSecret],
    }),
    removeSecret: operation({
      id: 'removeClientSecret',
      area,
      needs: 'client.remove_secret',
      within: 'clients',
      summary: 'End a secret now',
      params: z.object({ id: z.string().max(500), secretId: z.string().max(500) }),
      answers: [204, 'It works no more.'],
      problems: [409],
    }),
    switches: {
      disable: operation({
        id: 'disableClient',
        area,
        needs: 'client.disable',
        within: 'clients',
        summary: 'Cut a client off',
        description: 'It is unknown until it is enabled, and everything that it was issued ends.',
        params: idParams,
        answers: [200, 'The client as it is now.', client],
      }),
      enable: operation({
        id: 'enableClient',
        area,
        needs: 'client.enable',
        within: 'clients',
        summary: 'Let a disabled client in again',
        description:
          'Nothing that it was issued before works again. While that is still being deleted, the answer is `client_still_revoking`.',
        params: idParams,
        problems: [409],
        answers: [200, 'The client as it is now.', client],
      }),
    },
    verifyClient: operation({
      id: 'verifyClient',
      area,
      needs: 'client.verify',
      summary: 'Mark a client that registered itself as checked',
      description:
        'People are no longer warned of it. Send `If-Match` with what you have looked at: its developer may change it at any time.',
      conditional: true,
      params: idParams,
      answers: [200, 'The client as it is now.', client],
    }),
  }
}
