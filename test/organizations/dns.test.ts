import { createSocket, type Socket } from 'node:dgram'
import { afterAll, describe, expect, test } from 'vitest'
import { createTxtLookup } from '../../src/organizations/domains/dns.ts'

const sockets: Socket[] = []
afterAll(() => {
  for (const socket of sockets) socket.close()
})

/** A name server on loopback (RFC 1035 §4). @param answer TXT values, an RCODE, or nothing at all */
async function nameServer(answer: readonly string[][] | number | undefined): Promise<string> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.on('message', (query, { port, address }) => {
    if (answer === undefined) return
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const records = typeof answer === 'number' ? [] : answer
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (typeof answer === 'number' ? answer : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    const bodies = records.map((parts) => {
      const data = Buffer.concat(
        parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])),
      )
      const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 0])
      record.writeUInt16BE(data.length, 10)
      return Buffer.concat([record, data])
    })
    socket.send(Buffer.concat([header, question, ...bodies]), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return `127.0.0.1:${socket.address().port}`
}

describe('looking up TXT records', () => {
  const ask = async (answer: Parameters<typeof nameServer>[0]) =>
    createTxtLookup({ servers: [await nameServer(answer)] })('_latchkey-challenge.acme.example')

  test('gives every record, of which long ones come in parts', async () => {
    expect(await ask([['one ', 'two'], ['three']])).toEqual({ values: ['one two', 'three'] })
  })

  test('tells that there is none from that nobody can say', async () => {
    expect(await ask(3), 'NXDOMAIN').toBe('none')
    expect(await ask([]), 'no record of this type').toBe('none')
    expect(await ask(2), 'SERVFAIL').toBe('unanswered')
    expect(await ask(5), 'REFUSED').toBe('unanswered')
  })

  test('ends where no server answers, whatever their number', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => nameServer(undefined)))
    expect(await createTxtLookup({ servers, patience: 50 })('acme.example')).toBe('unanswered')
  })
})
