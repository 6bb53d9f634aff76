from django.http import HttpResponse


def account_quota(request, uid):
    return HttpResponse()


def panel(request, uid):
    return HttpResponse()
