-- CreateTable
CREATE TABLE "deliveries" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL DEFAULT '',
    "status" TEXT NOT NULL DEFAULT 'waiting',
    "due" TIMESTAMP(3) NOT NULL,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "taken_by" TEXT NOT NULL DEFAULT '',
    "payload" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "ended_at" TIMESTAMP(3),
    "result" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "deliveries_kind_status_due_id_idx" ON "deliveries"("kind", "status", "due", "id");

-- CreateIndex
CREATE INDEX "deliveries_subject_id_idx" ON "deliveries"("subject", "id");

-- CreateIndex
CREATE INDEX "deliveries_ended_at_idx" ON "deliveries"("ended_at");
