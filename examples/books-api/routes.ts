import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Book, Books } from './books.ts'
import { type CoverSize, type Covers, sizes } from './covers.ts'
import { notFound, Problem, parse } from './problems.ts'
import { bookFields, bookParams, listQuery } from './schemas.ts'
import { readBook } from './upload.ts'

const read = { config: { scope: 'books:read' } }
const write = { config: { scope: 'books:write' } }
/** What cannot be undone needs a second factor, shown within five minutes. All classes that will do are listed. */
const sure = {
  config: {
    scope: 'books:write',
    acr: ['urn:latchkey:acr:mfa', 'urn:latchkey:acr:phr'],
    maxAuthAge: 300,
  },
}

/** Everything is by `request.token.sub`: to anybody but its owner a book does not exist. */
export async function bookRoutes(app: FastifyInstance, { books, covers }: { books: Books; covers: Covers }) {
  function mine(request: FastifyRequest): Book {
    const { success, data } = bookParams.safeParse(request.params)
    const book = success ? books.find(request.token.sub, data.id) : undefined
    if (!book) throw notFound()
    return book
  }

  app.get('/books', read, (request) => {
    const { items, next } = books.list(request.token.sub, parse(listQuery, request.query))
    return { items: items.map(view), ...(next !== undefined && { next_cursor: String(next) }) }
  })

  app.get('/books/:id', read, (request) => view(mine(request)))

  app.post('/books', write, async (request, reply) => {
    const owner = request.token.sub
    const sent = await readBook(request)
    const fields = parse(bookFields, sent.fields)
    if (books.isTaken(owner, fields.title)) throw duplicate()
    const cover = sent.cover ? await covers.save(sent.cover) : null
    // Another request may have taken the title while the cover was decoded.
    const book = books.add(owner, fields, cover)
    if (!book) {
      await covers.remove(cover)
      throw duplicate()
    }
    return reply.code(201).header('location', `/books/${book.id}`).send(view(book))
  })

  /** Replaces the fields; a cover that is not sent stays. */
  app.put('/books/:id', write, async (request) => {
    const { owner, id } = mine(request)
    const sent = await readBook(request)
    const fields = parse(bookFields, sent.fields)
    if (books.isTaken(owner, fields.title, id)) throw duplicate()
    const added = sent.cover ? await covers.save(sent.cover) : null
    const before = books.find(owner, id)
    const book = before && books.update(owner, id, fields, added ?? before.cover)
    if (!book) {
      await covers.remove(added)
      throw before ? duplicate() : notFound()
    }
    if (added) await covers.remove(before.cover)
    return view(book)
  })

  app.delete('/books/:id', write, async (request, reply) => {
    const { owner, id, cover } = mine(request)
    books.remove(owner, id)
    await covers.remove(cover)
    return reply.code(204).send()
  })

  app.delete('/books', sure, async (request, reply) => {
    const covered = books.empty(request.token.sub)
    await Promise.all(covered.map((cover) => covers.remove(cover)))
    return reply.code(204).send()
  })

  for (const size of sizes)
    app.get(`/books/:id/${size}`, read, (request, reply) => image(mine(request), size, request, reply))

  async function image({ cover }: Book, size: CoverSize, request: FastifyRequest, reply: FastifyReply) {
    if (cover === null) throw notFound()
    // The name is new with every upload, and tells nothing.
    const etag = `"${cover}-${size}"`
    reply.headers({ 'cache-control': 'private, no-cache', etag })
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    const disposition = `inline; filename="${size}.webp"`
    return reply
      .type('image/webp')
      .header('content-disposition', disposition)
      .send(await covers.read(cover, size))
  }
}

const duplicate = () =>
  new Problem(409, 'title_exists', 'You have a book with this title already.', {
    title: ['is there already'],
  })

/** What its owner sees: links instead of names of files. */
function view({ id, title, author, description, year, cover }: Book) {
  const links = Object.fromEntries(sizes.map((size) => [`${size}_url`, `/books/${id}/${size}`]))
  return {
    id,
    title,
    author,
    ...(description !== null && { description }),
    ...(year !== null && { year }),
    ...(cover !== null && links),
  }
}
