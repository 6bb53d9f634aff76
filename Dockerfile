FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/console/var
WORKDIR /console
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY . .
# The addresses only satisfy the settings: neither step connects to anything.
RUN for catalogue in locale/*/LC_MESSAGES/django.po; do \
        test ! -e "$catalogue" || \
        python -m babel.messages.frontend compile --input-file "$catalogue" --output-file "${catalogue%.po}.mo"; \
    done \
    && SECRET_KEY=only-while-building DATABASE_URL=postgres://nowhere/none REDIS_URL=redis://nowhere ALLOWED_HOSTS=nowhere \
        python manage.py collectstatic --noinput --verbosity 0 \
    && useradd --system console && mkdir --parents var/files && chown --recursive console var
USER console
VOLUME /console/var/files
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "partner_console.wsgi", "--bind", "0.0.0.0:8000", "--no-control-socket"]
