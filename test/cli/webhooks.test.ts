import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { startReceiver } from '../support/webhook-receiver.ts'
import { createInstallation, type Installation } from './harness.ts'

describe.each(engines)('webhooks on the command line, on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
  })
  afterAll(() => latchkey?.remove())

  const json = async <Answer>(...argv: string[]): Promise<Answer> => {
    const outcome = await latchkey.run([...argv, '--json'])
    expect(outcome.status, outcome.stderr).toBe(0)
    return outcome.json() as Answer
  }

  test('webhooks are created, shown, changed, tested and deleted', async () => {
    const receiver = await startReceiver()
    const made = await json<{ id: string; secret: string }>(
      ...['webhooks', 'create', '--url', receiver.url, '--event', 'group.*', '--event', 'session.ended'],
    )
    expect(made).toMatchObject({ url: receiver.url, events: ['group.*', 'session.ended'], disabled: false })
    expect(made.secret).toMatch(/^whsec_/)
    expect((await latchkey.run(['webhooks', 'show', made.id])).stdout).not.toContain('whsec_')
    expect((await latchkey.run(['webhooks', 'list'])).stdout).toContain(receiver.url)

    const { delivery_id } = await json<{ delivery_id: string }>('webhooks', 'test', made.id)
    const { items } = await json<{ items: object[] }>('webhooks', 'deliveries', made.id)
    expect(items).toMatchObject([{ id: delivery_id, type: 'webhook.test' }])
    expect(items[0]).toHaveProperty('tried_at')

    expect(await json('webhooks', 'update', made.id, '--disable')).toMatchObject({
      disabled: true,
      disabled_reason: 'administrator',
    })
    const refused = await latchkey.run(['webhooks', 'test', made.id])
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('disabled')
    const rotated = await json<{ secret: string }>('webhooks', 'rotate-secret', made.id)
    expect(rotated.secret).not.toBe(made.secret)
    expect(await json('webhooks', 'delete', made.id)).toEqual({ id: made.id, deleted: true })
    expect((await latchkey.run(['webhooks', 'show', made.id])).status).toBe(1)
    expect((await latchkey.run(['webhooks', 'list'])).stdout).toContain('There is no webhook yet')
  })

  test('what is missing is named as the option that gives it', async () => {
    const { status, stderr } = await latchkey.run(['webhooks', 'create', '--url', 'https://app.example/hook'])
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^error: --event: must be a list/m),
    })
  })

  test('events tail writes the events since a moment, a document a line', async () => {
    await json('groups', 'create', '--name', 'Crew')
    await json('roles', 'create', '--name', 'Keeper')
    const tail = async (...options: string[]) => {
      const { stdout, status } = await latchkey.run(['events', 'tail', '--no-follow', ...options])
      expect(status).toBe(0)
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { type: string }).type)
    }
    expect(await tail('--since', '2020-01-01', '--type', 'group.*', '--type', 'role.created')).toEqual([
      'group.created',
      'role.created',
    ])
    expect(await tail('--since', '2999-01-01')).toEqual([])
    expect(await tail()).toEqual([])
    const unknown = await latchkey.run(['events', 'tail', '--type', 'user.flown'])
    expect(unknown.status).toBe(1)
    expect(unknown.stderr).toContain('user.flown')
    expect((await latchkey.run(['events', 'tail', '--since', 'yesterday', '--no-follow'])).status).toBe(1)
  })
})
