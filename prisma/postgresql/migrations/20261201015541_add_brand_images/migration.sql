-- CreateTable
CREATE TABLE "brand_images" (
    "file" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,
    "used_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "brand_images_pkey" PRIMARY KEY ("file")
);

-- CreateIndex
CREATE INDEX "brand_images_used_at_idx" ON "brand_images"("used_at");
